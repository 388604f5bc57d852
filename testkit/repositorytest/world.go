package repositorytest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// world is one case's repository with a clock and ids of its own.
type world struct {
	tb   testing.TB
	ctx  context.Context
	repo repository.Repository
	now  time.Time
	made uint64
}

func newWorld(tb testing.TB, repo repository.Repository) *world {
	return &world{
		tb: tb, ctx: context.Background(), repo: repo,
		// Not a whole second: a repository has to keep microseconds.
		now: time.Date(2026, time.March, 2, 12, 0, 0, 123456000, time.UTC),
	}
}

// Read makes world the source of its ids: a counter, so that later ids sort later.
func (w *world) Read(b []byte) (int, error) {
	w.made++
	var count [8]byte
	binary.BigEndian.PutUint64(count[:], w.made)
	clear(b)
	copy(b[min(2, len(b)):], count[:])
	return len(b), nil
}

func (w *world) id() string {
	id, err := core.NewUUID(w.now, w)
	w.ok("new id", err)
	return id
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) ok(what string, err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatalf("%s: %v", what, err)
	}
}

// fails wants an error of the same code as want.
func (w *world) fails(what string, err, want error) {
	w.tb.Helper()
	if !errors.Is(err, want) {
		w.tb.Fatalf("%s: error is %v, want %v", what, err, want)
	}
}

// same wants two values to be equal; times are compared as instants, nil and empty are alike.
func (w *world) same(what string, got, want any) {
	w.tb.Helper()
	if at := difference("", reflect.ValueOf(got), reflect.ValueOf(want)); at != "" {
		w.tb.Fatalf("%s: differs %s", what, at)
	}
}

func difference(at string, a, b reflect.Value) string {
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() {
		return at + ": types differ"
	}
	switch x := a.Interface().(type) {
	case time.Time:
		if y := b.Interface().(time.Time); !x.Equal(y) {
			return fmt.Sprintf("at %s: got %v, want %v", at, x, y)
		}
		return ""
	case core.Secret:
		if x.Reveal() != b.Interface().(core.Secret).Reveal() {
			return "at " + at + ": another secret"
		}
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() != b.IsNil() {
			return fmt.Sprintf("at %s: got nil=%v, want nil=%v", at, a.IsNil(), b.IsNil())
		}
		if a.IsNil() {
			return ""
		}
		return difference(at, a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if d := difference(at+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("at %s: got %d elements, want %d", at, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := difference(fmt.Sprintf("%s[%d]", at, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf("at %s: got %v, want %v", at, a, b)
		}
		for _, k := range a.MapKeys() {
			if !b.MapIndex(k).IsValid() {
				return fmt.Sprintf("at %s: %v is not wanted", at, k)
			}
			if d := difference(fmt.Sprintf("%s[%v]", at, k), a.MapIndex(k), b.MapIndex(k)); d != "" {
				return d
			}
		}
	default:
		if !a.Equal(b) {
			return fmt.Sprintf("at %s: got %v, want %v", at, a, b)
		}
	}
	return ""
}

// together calls fn n times at the same time and returns the errors.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWinner wants exactly one nil among errs and the rest to be like want.
func (w *world) oneWinner(what string, errs []error, want error) {
	w.tb.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		w.fails(what, err, want)
	}
	if won != 1 {
		w.tb.Fatalf("%s: %d of %d succeeded, want exactly 1", what, won, len(errs))
	}
}

// shop is a tenant with an instance, one active source and two destinations.
type shop struct {
	begun map[core.InboxID]core.InboxEntry // claimed and not asked for yet
	*world
	repository.Tenant
	id       core.TenantID
	instance core.Instance
	source   core.Source
	groups   []core.Destination
	messages int
}

func (w *world) newTenant() core.Tenant {
	id := core.TenantID(w.id())
	t := core.Tenant{
		ID: id, Email: string(id) + "@example.com", FullName: "Loja Ótima", PasswordHash: core.NewSecret("phc"),
		Active: true, Session: 3, Settings: core.DefaultSettings(), CreatedAt: w.now,
	}
	t.Settings.BlockedStores = []string{"shopee"}
	return t
}

func (w *world) newInstance(t core.TenantID) core.Instance {
	return core.Instance{
		ID: core.InstanceID(w.id()), Provider: "evolution", Name: core.InstanceName(t, ""),
		ServerURL: "https://evolution.example.com", ServerKey: core.NewSecret("server key"),
		Token: core.NewSecret("token"), WebhookHash: "hash of " + string(t), WebhookSecret: core.NewSecret("webhook secret"),
		Status: core.InstanceConnecting, Reason: core.ReasonNotConnected, QRCode: "2@abc", QRCodeAt: w.now,
		PhoneNumber: "5511999990000", Generation: 1, Provisioned: true,
		LinkedAt: w.now.Add(time.Second), CheckedAt: w.now.Add(2 * time.Second),
		CaughtUpAt: w.now.Add(3 * time.Second), RestartedAt: w.now.Add(4 * time.Second), CreatedAt: w.now, UpdatedAt: w.now,
	}
}

func (w *world) shop() *shop {
	w.tb.Helper()
	t := w.newTenant()
	w.ok("create tenant", w.repo.Directory().CreateTenant(w.ctx, t))
	s := &shop{world: w, Tenant: w.repo.Tenant(t.ID), id: t.ID, instance: w.newInstance(t.ID)}
	w.ok("create instance", s.Instance().Create(w.ctx, s.instance))
	s.source = s.newSource("1200@g.us", "Achados")
	s.source.Active = true
	w.ok("create source", s.Sources().Create(w.ctx, s.source))
	for i := range 2 {
		d := s.newDestination(core.JID(fmt.Sprintf("130%d@g.us", i)), fmt.Sprintf("Ofertas %d", i))
		w.ok("create destination", s.Destinations().Create(w.ctx, d))
		s.groups = append(s.groups, d)
	}
	return s
}

func (s *shop) newSource(jid core.JID, label string) core.Source {
	return core.Source{
		ID: core.SourceID(s.world.id()), InstanceID: s.instance.ID, JID: jid, Label: label, Name: "grupo " + label,
		Participants: 7, Discovered: true, DiscoveredAt: s.now, CreatedAt: s.now,
		Words: core.WordRules{Require: []string{"frete 'grátis'", "cupom"}, Block: []string{"usado"}},
	}
}

func (s *shop) newDestination(jid core.JID, label string) core.Destination {
	return core.Destination{
		ID: core.DestinationID(s.world.id()), InstanceID: s.instance.ID, JID: jid, Label: label,
		Active: true, Problem: core.ReasonGroupForbidden, CreatedAt: s.now,
	}
}

// message is a message nobody has sent before.
func (s *shop) message() core.InboxEntry {
	s.messages++
	return core.InboxEntry{
		ID: core.InboxID(s.world.id()), InstanceID: s.instance.ID,
		Key:  core.MessageKey{Chat: s.source.JID, Participant: "42@lid", ID: core.MessageID(fmt.Sprintf("M%d", s.messages))},
		Text: fmt.Sprintf("Oferta nº %d: 'R$ 10' \\ ? \"ótima\" 🔥\nhttps://example.com/?a=1&b=2", s.messages),
		Media: &core.Media{Kind: core.Image, MimeType: "image/jpeg", FileName: "foto.jpg",
			Handle: []byte{0, 1, 254, 255}},
		SentAt: s.now.Add(-time.Second), ReceivedAt: s.now, State: core.InboxNew,
	}
}

func (s *shop) accept(e core.InboxEntry) core.InboxID {
	s.tb.Helper()
	id, created, err := s.Inbox().Accept(s.ctx, e)
	s.ok("accept", err)
	if !created {
		s.tb.Fatalf("accept: a new message is said to be there already")
	}
	return id
}

// claim begins the processing of one entry. Entries that are due before it are begun too, and
// kept for when they are asked for.
func (s *shop) claim(id core.InboxID) core.InboxEntry {
	s.tb.Helper()
	for {
		if e, ok := s.begun[id]; ok {
			delete(s.begun, id)
			return e
		}
		next := s.claims(s.now, 1)
		if len(next) == 0 {
			s.tb.Fatalf("claim: entry %s is not due", id)
		}
		if s.begun == nil {
			s.begun = map[core.InboxID]core.InboxEntry{}
		}
		s.begun[next[0].ID] = next[0]
	}
}

// claims begins what is due at a time.
func (s *shop) claims(at time.Time, limit int) []core.InboxEntry {
	s.tb.Helper()
	list, err := s.Inbox().Claim(s.ctx, at, at.Add(time.Minute), limit)
	s.ok("claim", err)
	return list
}

// nothingDue checks that nothing can be begun at a time.
func (s *shop) nothingDue(what string, at time.Time) {
	s.tb.Helper()
	s.same("entries due: "+what, len(s.claims(at, 100)), 0)
}

// outcome judges a claimed entry to be an offer for some groups.
func (s *shop) outcome(e core.InboxEntry, product string, groups ...core.Destination) repository.SaveOffer {
	e.State = core.InboxDone
	offer := core.Offer{
		ID: core.OfferID(s.world.id()), InboxID: e.ID, InstanceID: s.instance.ID, Source: e.Key, SourceName: "Achados",
		Text: e.Text, FinalText: "final " + e.Text,
		Links: []core.Link{{Original: "https://a.example/?x=1", Final: "https://b.example", Store: "amazon",
			ProductKey: product, Action: core.LinkRewritten},
			{Original: "https://chat.whatsapp.com/x", Action: core.LinkDropped,
				Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "chat.whatsapp.com"}}},
		ProductKey: product, Store: "amazon",
		Facts: core.Facts{Price: core.Price{Cents: 129990}, Coupons: []string{"DEZ", "VINTE"}},
		Media: e.Media, SentAt: e.SentAt, CreatedAt: s.now, UpdatedAt: s.now,
	}
	for _, g := range groups {
		offer.Deliveries = append(offer.Deliveries, core.Delivery{
			ID: core.DeliveryID(s.world.id()), OfferID: offer.ID, InstanceID: s.instance.ID, DestinationID: g.ID, Chat: g.JID,
			Text: textFor(offer, g), State: core.DeliveryPending, ClientID: "3EB0FIRST", SourceAt: e.SentAt,
			CreatedAt: s.now, UpdatedAt: s.now,
		})
	}
	return repository.SaveOffer{Entry: e, Offer: offer, RepostSince: s.now, TextSince: s.now, Now: s.now}
}

// textFor is an offer's text in a group: each has links of its own.
func textFor(o core.Offer, g core.Destination) string { return o.FinalText + "&sub_id=" + g.Label }

func (s *shop) save(o repository.SaveOffer) core.Offer {
	s.tb.Helper()
	saved, err := s.Offers().Save(s.ctx, o)
	s.ok("save offer", err)
	s.same("offers saved", len(saved), 1)
	return saved[0]
}

// offer takes a fresh message all the way to an offer.
func (s *shop) offer(product string, groups ...core.Destination) core.Offer {
	s.tb.Helper()
	return s.save(s.outcome(s.claim(s.accept(s.message())), product, groups...))
}

func (s *shop) settle(d core.Delivery, to core.DeliveryState) core.Delivery {
	s.tb.Helper()
	out, err := s.Deliveries().Settle(s.ctx, s.move(d, to))
	s.ok("settle to "+string(to), err)
	return out
}

func (s *shop) move(d core.Delivery, to core.DeliveryState) repository.Settle {
	return repository.Settle{ID: d.ID, From: d.State, Attempt: d.Attempt, To: to, Now: s.now}
}

// inState makes a delivery and brings it to a state.
func (s *shop) inState(state core.DeliveryState, product string, group core.Destination) core.Delivery {
	s.tb.Helper()
	return s.advance(s.offer(product, group).Deliveries[0], state)
}

// advance brings a pending delivery to a state along the arrows of the machine.
func (s *shop) advance(d core.Delivery, state core.DeliveryState) core.Delivery {
	s.tb.Helper()
	switch state {
	case core.DeliveryPending:
		return d
	case core.DeliveryExpired, core.DeliveryCancelled:
		return s.settle(d, state)
	}
	d = s.begin(d)
	switch state {
	case core.DeliveryDispatching:
		return d
	case core.DeliveryUnconfirmed:
		return s.settle(s.settle(d, core.DeliveryAmbiguous), state)
	}
	return s.settle(d, state)
}

func (s *shop) delivery(id core.DeliveryID) core.Delivery {
	s.tb.Helper()
	d, err := s.Deliveries().Get(s.ctx, id)
	s.ok("get delivery", err)
	return d
}
