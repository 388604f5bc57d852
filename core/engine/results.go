package engine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// gather is how long offers wait for those of the same turn. Messages whose links are known
// are judged in less, and then none gets ahead of one that came in before it.
const gather = 100 * time.Millisecond

// results gathers what the messages of one turn come to. They share transactions: most of
// what people write in a group sells nothing, and after an outage offers come in numbers.
type results struct {
	*Tenant

	mu     sync.Mutex
	ended  []core.InboxEntry      // claims that end without an offer
	offers []repository.SaveOffer // that wait to be stored
	// texts are those of this turn's offers by NearKey, the last ones last.
	texts map[string][]repository.NearText
	some  chan struct{} // there are offers
}

func (t *Tenant) newResults() *results {
	return &results{Tenant: t, texts: map[string][]repository.NearText{}, some: make(chan struct{}, 1)}
}

// end notes a claim that ends without an offer, for whoever ends the turn.
func (r *results) end(entry core.InboxEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, entry)
}

// save notes an offer, for storing to store.
func (r *results) save(s repository.SaveOffer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offers = append(r.offers, s)
	select {
	case r.some <- struct{}{}:
	default:
	}
}

// storing stores offers as they come, until the returned function is called, which stores the
// last. None waits for long for a message whose links take their time.
func (r *results) storing(ctx context.Context) (finish func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for running := true; running; {
			select {
			case <-r.some:
				timer := time.NewTimer(gather)
				select {
				case <-timer.C:
				case <-over:
				}
				timer.Stop()
			case <-over:
				running = false
			}
			r.mu.Lock()
			batch := r.offers
			r.offers = nil
			r.mu.Unlock()
			if len(batch) > 0 {
				r.store(ctx, batch)
			}
		}
	}()
	return func() { close(over); <-done }
}

// store stores offers in the order their messages came in: of one product, the first is the
// one to post.
func (r *results) store(ctx context.Context, batch []repository.SaveOffer) {
	slices.SortFunc(batch, func(a, b repository.SaveOffer) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) })
	saved, err := r.repo.Offers().Save(ctx, batch...)
	for _, offer := range saved {
		r.log().Info("offer stored", "offer_id", string(offer.ID), "status", offer.Status(), "store", offer.Store,
			"deliveries", len(offer.Deliveries))
	}
	if len(saved) > 0 {
		r.callDispatcher(ctx)
	}
	switch {
	case err == nil:
	case len(saved) == 0 && len(batch) > 1 && core.CodeOf(err) != core.CodeUnavailable:
		// One of them may be to blame, and the others are not to suffer for it.
		for _, s := range batch {
			r.store(ctx, []repository.SaveOffer{s})
		}
	case core.CodeOf(err) != core.CodeConflict: // edited meanwhile, or somebody else's by now
		r.log().Error("offers were not stored; they will be tried again", "offers", len(batch)-len(saved), "error", err)
	}
}

// fingerprint says which texts the offer's own is a repetition of. The text stands for the
// product only where there is none, or where it is long and names the price: "Corre! <link>"
// can sell something else each time.
func (r *results) fingerprint(ctx context.Context, s *repository.SaveOffer) error {
	if s.Offer.FinalText == "" {
		return nil
	}
	s.NearKey = extract.NearKey(s.Offer.FinalText)
	if s.Offer.ProductKey != "" && (s.NearKey == "" || !s.Offer.Price.Known()) {
		return nil
	}
	s.TextKey = extract.TextKey(s.Offer.FinalText)
	if s.TextKey == "" || s.NearKey == "" {
		return nil
	}
	// One after the other: two of one turn must not overlook each other.
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Offer.ProductKey == "" {
		if err := r.likeOneBefore(ctx, s); err != nil {
			return err
		}
	}
	r.texts[s.NearKey] = append(r.texts[s.NearKey], repository.NearText{TextKey: s.TextKey, Text: s.Offer.FinalText})
	return nil
}

// likeOneBefore gives the offer the TextKey of the last offer that says nearly the same.
func (r *results) likeOneBefore(ctx context.Context, s *repository.SaveOffer) error {
	stored, err := r.repo.Offers().Near(ctx, s.NearKey, s.TextSince, maxNear)
	own := slices.Clone(r.texts[s.NearKey])
	slices.Reverse(own)
	for _, n := range slices.Concat(own, stored) {
		if extract.Similar(n.Text, s.Offer.FinalText) {
			s.TextKey = n.TextKey
			break
		}
	}
	return err
}
