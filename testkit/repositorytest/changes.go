package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func changeCases() []Case {
	return []Case{
		{"ChangesAreListedInOrder", changesListed},
		{"RevokedDeliveriesChange", revokedChange},
		{"ActivityCounts", activityCounts},
		{"RenewEndsSessions", renewEndsSessions},
		{"EraseLeavesNothing", eraseLeavesNothing},
	}
}

// changes reads all changes after a moment, in pages of a size.
func (s *shop) changes(after repository.Moment, size int) (all []repository.Change) {
	s.tb.Helper()
	for {
		page, err := s.Changes(s.ctx, after, size)
		s.ok("changes", err)
		all = append(all, page...)
		if len(page) < size {
			return all
		}
		after = page[size-1].Moment
	}
}

func changesListed(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	w.pass(time.Minute)
	start := repository.Moment{At: w.now}
	w.same("none", len(s.changes(start, 10)), 0)
	w.pass(time.Second)
	other.offer("amazon:2", other.groups...)
	offer := s.offer("amazon:1", s.groups...)
	for _, size := range []int{1, 2, 10} {
		got := s.changes(start, size)
		w.same("number of changes", len(got), 3)
		kinds := map[repository.ChangeKind]int{}
		for i, c := range got {
			kinds[c.Kind]++
			w.same("moment", c.At, w.now)
			w.same("offer", c.Offer, offer.ID)
			if i > 0 && got[i-1].ID >= c.ID {
				tb.Fatalf("changes of one moment are not in the order of their ids")
			}
		}
		w.same("kinds", kinds, map[repository.ChangeKind]int{repository.OfferChanged: 1, repository.DeliveryChanged: 2})
	}
	w.same("nothing asked for", len(first(s.Changes(w.ctx, start, 0))), 0)

	seen := repository.Moment{At: w.now, ID: "ffffffff-ffff-ffff-ffff-ffffffffffff"} // after every id of that moment
	w.pass(time.Second)
	inst, err := s.Instance().Update(w.ctx, func(i *core.Instance) error { i.Closed(core.ReasonLoggedOut, w.now); return nil })
	w.ok("update instance", err)
	d := s.beginNext()
	w.same("after a moment", s.changes(seen, 10), sortedChanges(
		repository.Change{Moment: repository.Moment{At: w.now, ID: string(inst.ID)}, Kind: repository.ConnectionChanged, State: "disconnected"},
		repository.Change{Moment: repository.Moment{At: w.now, ID: string(d.ID)}, Kind: repository.DeliveryChanged, Offer: offer.ID, State: "dispatching"},
	))
}

func first[T any](v T, _ error) T { return v }

func sortedChanges(a, b repository.Change) []repository.Change {
	if a.ID > b.ID {
		a, b = b, a
	}
	return []repository.Change{a, b}
}

func revokedChange(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	offer := s.offer("amazon:1", s.groups[0])
	e := s.message()
	e.Key = offer.Source
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	got, err := s.Deliveries().Get(w.ctx, offer.Deliveries[0].ID)
	w.ok("get", err)
	w.same("state", got.State, core.DeliveryCancelled)
	if !got.UpdatedAt.After(offer.Deliveries[0].UpdatedAt) {
		tb.Fatalf("a delivery was cancelled at %v, and its UpdatedAt is %v", r.Now(), got.UpdatedAt)
	}
}

func activityCounts(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	s.offer("amazon:0") // before
	w.pass(time.Hour)
	since := w.now
	s.offer("amazon:1", s.groups[0])
	other.offer("amazon:1", other.groups...)
	w.pass(90 * time.Minute)
	d := s.beginNext()
	_, err := s.Deliveries().Settle(w.ctx, repository.Settle{
		ID: d.ID, From: d.State, Attempt: d.Attempt, To: core.DeliverySent, MessageID: "M", Now: w.now,
	})
	w.ok("settle", err)
	s.offer("amazon:2", s.groups[1])
	got, err := s.Account().Activity(w.ctx, since, time.Hour)
	w.ok("activity", err)
	w.same("activity", got, []core.Activity{{At: since, Offers: 1}, {At: since.Add(time.Hour), Offers: 1, Sent: 1}})
	got, err = s.Account().Activity(w.ctx, since.Add(24*time.Hour), time.Hour)
	w.ok("activity", err)
	w.same("later", len(got), 0)
}

// beginNext permits the oldest waiting delivery of this tenant. Lanes of others that are due
// stay leased.
func (s *shop) beginNext() core.Delivery {
	s.tb.Helper()
	for {
		lane, err := s.repo.Queue().TakeLane(s.ctx, s.now, "holder", time.Minute)
		s.ok("take lane", err)
		if lane.Tenant != s.id {
			continue
		}
		ready, err := s.Deliveries().Ready(s.ctx, 1, 1)
		s.ok("ready", err)
		return s.permitted(s.permit(lane, ready[0].Delivery))
	}
}

func renewEndsSessions(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	want, err := s.Account().Get(w.ctx)
	w.ok("get", err)
	untouched, err := other.Account().Get(w.ctx)
	w.ok("get", err)
	theirs := other.newSession()
	w.ok("begin session", other.Sessions().Begin(w.ctx, theirs))
	for _, hash := range []string{"", "another phc"} {
		w.ok("begin session", s.Sessions().Begin(w.ctx, s.newSession()))
		want.Session++
		if hash != "" {
			want.PasswordHash = core.NewSecret(hash)
		}
		got, err := s.Account().Renew(w.ctx, core.NewSecret(hash))
		w.ok("renew", err)
		w.same("result", got, want)
		w.same("sessions", len(first(s.Sessions().List(w.ctx, w.now))), 0)
		got, err = s.Account().Get(w.ctx)
		w.ok("get", err)
		w.same("stored", got, want)
	}
	got, err := other.Account().Get(w.ctx)
	w.ok("get", err)
	w.same("another tenant", got, untouched)
	w.same("another tenant's sessions", first(other.Sessions().List(w.ctx, w.now)), []core.Session{theirs})
	_, err = r.Tenant(core.TenantID(w.id())).Account().Renew(w.ctx, core.Secret{})
	w.fails("an unknown tenant", err, core.ErrNotFound)
}

func eraseLeavesNothing(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	gone, stays := w.victim(), w.victim()
	before := stays.dump()
	account, err := gone.Account().Get(w.ctx)
	w.ok("get", err)
	w.ok("erase", gone.Account().Erase(w.ctx))
	w.fails("erase again", gone.Account().Erase(w.ctx), core.ErrNotFound)
	_, err = gone.Account().Get(w.ctx)
	w.fails("the account", err, core.ErrNotFound)
	_, err = gone.Instance().Get(w.ctx)
	w.fails("the instance", err, core.ErrNotFound)
	_, err = gone.Offers().Get(w.ctx, gone.sent.OfferID)
	w.fails("an offer", err, core.ErrNotFound)
	_, err = gone.Deliveries().Get(w.ctx, gone.waiting.ID)
	w.fails("a delivery", err, core.ErrNotFound)
	_, err = gone.MintedLinks().Get(w.ctx, sharedLink)
	w.fails("a minted link", err, core.ErrNotFound)
	w.same("sources", len(first(gone.Sources().List(w.ctx))), 0)
	w.same("destinations", len(first(gone.Destinations().List(w.ctx))), 0)
	w.same("tags", len(first(gone.Tags().List(w.ctx))), 0)
	w.same("API keys", len(first(gone.APIKeys().List(w.ctx))), 0)
	w.same("sessions", len(first(gone.Sessions().List(w.ctx, w.now))), 0)
	w.same("audit log", len(first(gone.Account().Audit(w.ctx))), 0)
	_, err = r.Directory().TenantByAPIKey(w.ctx, gone.apiKey.Hash)
	w.fails("whose API key", err, core.ErrNotFound)
	w.same("dead letters", len(first(gone.Inbox().Dead(w.ctx, "", 10))), 0)
	_, err = r.Directory().TenantByEmail(w.ctx, account.Email)
	w.fails("the e-mail", err, core.ErrNotFound)
	w.same("another tenant", stays.dump(), before)
	again := w.newTenant()
	again.Email = account.Email
	w.ok("the e-mail is free", r.Directory().CreateTenant(w.ctx, again))
}
