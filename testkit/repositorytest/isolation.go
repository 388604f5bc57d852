package repositorytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func isolationCases() []Case {
	return []Case{
		{"ReadsShowNothingOfOthers", readsShowNothing},
		{"WritesChangeNothingOfOthers", writesChangeNothing},
		{"RowsOfOthersCannotBeReferred", rowsCannotBeReferred},
		{"CanceledContextWritesNothing", canceledContext},
	}
}

// queueCases are apart, because a queue is the one place that looks across.
func queueCases() []Case {
	return []Case{{"TenantsDoNotDelayEachOther", func(tb testing.TB, r repository.Repository) {
		w := newWorld(tb, r)
		flood, small := w.shop(), w.shop()
		for range 5 {
			flood.offer("", flood.groups...)
		}
		w.pass(time.Second)
		small.offer("", small.groups[0])
		flood.take()
		small.take()
	}}}
}

// dump is everything a tenant can see of itself.
type dump struct {
	Account      core.Tenant
	Stats        core.Stats
	Instance     core.Instance
	Sources      []core.Source
	Destinations []core.Destination
	Tags         []core.Tag
	Minted       core.MintedLink
	Keys         []core.APIKey
	Sessions     []core.Session
	Audit        []core.AuditEntry
	Near         []repository.NearText
	Offers       []core.Offer
	Newest       time.Time
	Dead         []core.InboxEntry
	Ready        []repository.Ready
	History      []core.Dispatch
	Unproven     []core.Delivery
	Calls        []repository.Call
}

// What a tenant has to be asked for by its key; two tenants may well have the same.
const sharedLink, sharedKey = "https://example.com/minted", "alike"

func (s *shop) dump() (d dump) {
	s.tb.Helper()
	var err error
	check := func(what string) { s.tb.Helper(); s.ok("dump of "+what, err) }
	d.Account, err = s.Account().Get(s.ctx)
	check("account")
	d.Stats, err = s.Account().Stats(s.ctx, s.now.Add(-24*time.Hour))
	check("stats")
	d.Instance, err = s.Instance().Get(s.ctx)
	check("instance")
	d.Sources, err = s.Sources().List(s.ctx)
	check("sources")
	d.Destinations, err = s.Destinations().List(s.ctx)
	check("destinations")
	d.Tags, err = s.Tags().List(s.ctx)
	check("tags")
	// Not every tenant has one.
	d.Minted, err = s.MintedLinks().Get(s.ctx, sharedLink)
	if errors.Is(err, core.ErrNotFound) {
		err = nil
	}
	check("minted link")
	d.Keys, err = s.APIKeys().List(s.ctx)
	check("API keys")
	d.Sessions, err = s.Sessions().List(s.ctx, s.now)
	check("sessions")
	d.Audit, err = s.Account().Audit(s.ctx)
	check("audit log")
	d.Near, err = s.Offers().Near(s.ctx, sharedKey, time.Time{}, 100)
	check("near texts")
	d.Offers, err = s.Offers().List(s.ctx, repository.OfferQuery{Limit: 100})
	check("offers")
	d.Newest, err = s.Inbox().Newest(s.ctx, s.source.JID)
	check("newest message")
	d.Dead, err = s.Inbox().Dead(s.ctx, "", 100)
	check("dead letters")
	d.Ready, err = s.Deliveries().Ready(s.ctx, 1, 100)
	check("ready deliveries")
	d.History, err = s.Lane().History(s.ctx, time.Time{})
	check("history")
	d.Unproven, err = s.Deliveries().Unproven(s.ctx, s.groups[0].JID, "3EB0CLIENT0")
	check("unproven deliveries")
	d.Calls, err = s.Hosting().Calls(s.ctx)
	check("calls")
	return d
}

// victim is a tenant with something of everything.
type victim struct {
	*shop
	tag     core.Tag
	apiKey  core.APIKey
	session core.Session
	sent    core.Delivery
	waiting core.Delivery
	unsure  core.Delivery
	claimed core.InboxEntry
	dead    core.InboxEntry
	key     core.InboxEntry // an accepted message
	lane    core.Lane
	host    core.Host
	call    repository.Call
}

func (w *world) victim() victim {
	v := victim{shop: w.shop()}
	v.tag = v.newTag("amazon", "amazon.com.br")
	w.ok("create tag", v.Tags().Create(w.ctx, v.tag))
	v.apiKey, v.session = v.newKey("victim"), v.newSession()
	w.ok("create API key", v.APIKeys().Create(w.ctx, v.apiKey))
	w.ok("begin session", v.Sessions().Begin(w.ctx, v.session))
	v.governed(core.LimitsChanged, func(t *core.Tenant) error { t.Limits.PerDay = 5; return nil })
	v.sent = v.inState(core.DeliverySent, "amazon:1", v.groups[0])
	v.unsure = v.inState(core.DeliveryAmbiguous, "amazon:2", v.groups[0])
	v.waiting = v.inState(core.DeliveryPending, "amazon:3", v.groups[0])
	w.ok("save minted link", v.MintedLinks().Save(w.ctx, v.newMintedLink(sharedLink)))
	v.near("texto parecido", sharedKey)
	v.dead = v.buried()
	v.claimed = v.claim(v.accept(v.message()))
	v.key = v.message()
	v.accept(v.key)
	v.lane = v.take()
	v.host = v.shop.host("the victim's")
	v.call = v.ask(v.shop.call("groups"))
	return v
}

func readsShowNothing(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	v := w.victim()
	t := w.newTenant()
	w.ok("create tenant", r.Directory().CreateTenant(w.ctx, t))
	other := r.Tenant(t.ID)
	missing := func(what string, err error) { tb.Helper(); w.fails(what, err, core.ErrNotFound) }
	empty := func(what string, n int, err error) { tb.Helper(); w.ok(what, err); w.same(what, n, 0) }

	_, err := other.Instance().Get(w.ctx)
	missing("instance", err)
	_, err = other.Sources().Active(w.ctx, v.source.JID)
	missing("active source", err)
	_, err = other.Destinations().Get(w.ctx, v.groups[0].ID)
	missing("destination", err)
	_, err = other.Offers().Get(w.ctx, v.sent.OfferID)
	missing("offer", err)
	_, err = other.Offers().ByInbox(w.ctx, v.key.ID)
	missing("offer by inbox entry", err)
	_, err = other.Deliveries().Get(w.ctx, v.sent.ID)
	missing("delivery", err)
	minted := v.newMintedLink(sharedLink)
	_, err = other.MintedLinks().Get(w.ctx, minted.Link)
	missing("minted link", err)
	_, err = other.MintedLinks().Find(w.ctx, minted.Store, minted.Target, minted.TagPrint, minted.SubID)
	missing("minted link by what it was made for", err)

	_, err = other.APIKeys().Use(w.ctx, v.apiKey.Hash, w.now)
	missing("API key", err)
	_, err = other.Sessions().See(w.ctx, v.session.ID, w.now)
	missing("session", err)
	keys, err := other.APIKeys().List(w.ctx)
	empty("API keys", len(keys), err)
	sessions, err := other.Sessions().List(w.ctx, w.now)
	empty("sessions", len(sessions), err)
	audit, err := other.Account().Audit(w.ctx)
	empty("audit log", len(audit), err)

	newest, err := other.Inbox().Newest(w.ctx, v.source.JID)
	w.ok("newest message", err)
	w.same("newest message", newest, time.Time{})
	dead, err := other.Inbox().Dead(w.ctx, "", 100)
	empty("dead letters", len(dead), err)
	near, err := other.Offers().Near(w.ctx, sharedKey, time.Time{}, 100)
	empty("near texts", len(near), err)
	sources, err := other.Sources().List(w.ctx)
	empty("sources", len(sources), err)
	destinations, err := other.Destinations().List(w.ctx)
	empty("destinations", len(destinations), err)
	tags, err := other.Tags().List(w.ctx)
	empty("tags", len(tags), err)
	for _, status := range []core.OfferStatus{"", core.OfferHeld, core.OfferPending, core.OfferSent, core.OfferDiscarded} {
		offers, err := other.Offers().List(w.ctx, repository.OfferQuery{Status: status, Limit: 100})
		empty("offers", len(offers), err)
	}
	ready, err := other.Deliveries().Ready(w.ctx, 1, 100)
	empty("ready", len(ready), err)
	attempts, err := other.Lane().History(w.ctx, time.Time{})
	empty("history", len(attempts), err)
	sent, err := other.Deliveries().Sent(w.ctx, repository.SentQuery{Until: w.now.Add(time.Hour), Limit: 10})
	empty("sent", len(sent), err)
	tally, err := other.Deliveries().SentTally(w.ctx, repository.SentQuery{Until: w.now.Add(time.Hour)}, time.Hour)
	empty("tally", len(tally), err)
	unproven, err := other.Deliveries().Unproven(w.ctx, v.groups[0].JID, "3EB0CLIENT0")
	empty("unproven", len(unproven), err)
	calls, err := other.Hosting().Calls(w.ctx)
	empty("calls", len(calls), err)
	_, err = other.Hosting().Take(w.ctx, "x", w.now.Add(time.Hour), w.now.Add(2*time.Hour))
	missing("session to host", err)
	missing("session to keep", other.Hosting().Keep(w.ctx, v.host, w.now.Add(time.Hour)))
	missing("session to leave", other.Hosting().Leave(w.ctx, v.host, w.now))
	missing("call to answer", other.Hosting().Answer(w.ctx, v.call))
	stats, err := other.Account().Stats(w.ctx, time.Time{})
	w.ok("stats", err)
	w.same("stats", stats, core.Stats{
		Deliveries: map[core.DeliveryState]int{}, HeldByReason: map[core.Reason]int{}, Inbox: map[core.InboxState]int{},
		CancelledByReason: map[core.Reason]int{}, SkippedByReason: map[core.Reason]int{},
	})
}

func writesChangeNothing(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	v := w.victim()
	before := v.dump()
	s := w.shop() // the intruder, whose groups have the same JIDs
	own := s.claim(s.accept(s.message()))
	s.save(s.outcome(own, "amazon:1", s.groups...))
	lane := s.take()
	missing := func(what string, err error) {
		tb.Helper()
		w.fails(what, err, core.ErrNotFound)
		w.same("the victim after: "+what, v.dump(), before)
	}
	mine := func(what string, err error) {
		tb.Helper()
		w.ok(what, err)
		w.same("the victim after: "+what, v.dump(), before)
	}

	settings := core.DefaultSettings()
	settings.TimeZone = "UTC"
	mine("save settings", s.Account().SaveSettings(w.ctx, settings))
	_, err := s.Instance().Update(w.ctx, func(i *core.Instance) error { i.Closed(core.ReasonRevoked, w.now); return nil })
	mine("update instance", err)
	_, err = s.Sources().Update(w.ctx, v.source.ID, func(x *core.Source) error { x.Label = "x"; return nil })
	missing("update source", err)
	missing("delete source", s.Sources().Delete(w.ctx, v.source.ID))
	found := s.newSource(v.source.JID, "x")
	found.Participants = 1000
	_, err = s.Sources().Discovered(w.ctx, []core.Source{found})
	mine("discover sources", err)
	_, err = s.Destinations().Update(w.ctx, v.groups[0].ID, func(x *core.Destination) error { x.Label = "x"; return nil })
	missing("update destination", err)
	missing("delete destination", s.Destinations().Delete(w.ctx, v.groups[0].ID))
	_, err = s.Tags().Update(w.ctx, v.tag.ID, func(x *core.Tag) error { x.Fields = nil; return nil })
	missing("update tag", err)
	missing("delete tag", s.Tags().Delete(w.ctx, v.tag.ID))

	missing("delete API key", s.APIKeys().Delete(w.ctx, v.apiKey.ID))
	_, err = s.APIKeys().Use(w.ctx, v.apiKey.Hash, w.now.Add(48*time.Hour))
	missing("use API key", err)
	missing("end session", s.Sessions().End(w.ctx, v.session.ID))
	_, err = s.Sessions().Rotate(w.ctx, v.session.ID, v.session.Rotation, w.now, w.now.Add(time.Hour))
	missing("rotate session", err)
	mine("end other sessions", s.Sessions().EndOthers(w.ctx, core.SessionID(w.id())))
	mine("begin session", s.Sessions().Begin(w.ctx, s.newSession()))
	_, err = s.Account().Govern(w.ctx, s.audit(core.TenantDeactivated), func(t *core.Tenant) error { t.Active = false; return nil })
	mine("govern", err)
	_, err = s.Account().Renew(w.ctx, core.Secret{})
	mine("renew", err)

	minted := s.newMintedLink(sharedLink)
	minted.TagPrint = "the intruder's"
	mine("save minted link", s.MintedLinks().Save(w.ctx, minted))

	s.nothingDue("the victim's", w.now.Add(time.Hour))
	mine("renew", s.Inbox().Renew(w.ctx, []core.InboxEntry{v.claimed}, w.now.Add(24*time.Hour)))
	missing("redrive", s.Inbox().Redrive(w.ctx, v.dead.ID, w.now))
	stolen := v.claimed
	stolen.State = core.InboxDone
	missing("finish", s.Inbox().Finish(w.ctx, stolen))
	_, err = s.Offers().Save(w.ctx, s.outcome(v.claimed, "amazon:9", s.groups...))
	missing("save offer", err)
	same := v.key
	same.InstanceID = s.instance.ID // the same message, as the intruder's instance sees it
	_, _, err = s.Inbox().Edit(w.ctx, same)
	mine("edit", err)
	_, created, err := s.Inbox().Accept(w.ctx, same)
	mine("accept", err)
	w.same("created", created, true)
	mine("revoke", s.Inbox().Revoke(w.ctx, same))

	_, err = s.Lane().Begin(w.ctx, s.permit(lane, v.waiting))
	w.fails("begin", err, core.ErrConflict)
	_, err = s.Deliveries().Settle(w.ctx, s.move(v.unsure, core.DeliverySent))
	missing("settle", err)
	missing("release", s.Lane().Release(w.ctx, v.lane, w.now))
	err = s.Lane().Conclude(w.ctx, []repository.Settle{s.move(v.unsure, core.DeliverySent)}, lane, w.now)
	w.fails("conclude", err, core.ErrConflict)
	mine("wake", s.Lane().Wake(w.ctx, w.now))
	hosted := s.host("the victim's") // the holder of both, and with the same fence
	w.ok("keep", s.Hosting().Keep(w.ctx, hosted, w.now.Add(time.Second)))
	w.ok("leave", s.Hosting().Leave(w.ctx, hosted, w.now))
	mine("answer", s.Hosting().Answer(w.ctx, s.ask(s.call("groups"))))

	// What the dump cannot show: the victim's claim and lease are still good.
	v.claimed.State = core.InboxDone
	w.ok("finish by its owner", v.Inbox().Finish(w.ctx, v.claimed))
	_, err = v.Lane().Begin(w.ctx, v.permit(v.lane, v.waiting))
	w.ok("begin by its owner", err)
	w.pass(time.Minute - time.Microsecond)
	v.notHosted("what the victim hosts", "x")
	w.ok("answer by its owner", v.Hosting().Answer(w.ctx, v.call))
}

func rowsCannotBeReferred(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	v, s := w.victim(), w.shop()
	source := s.newSource("71@g.us", "x")
	source.InstanceID = v.instance.ID
	w.fails("source", s.Sources().Create(w.ctx, source), core.ErrNotFound)
	_, err := s.Sources().Discovered(w.ctx, []core.Source{source})
	w.fails("discovered source", err, core.ErrNotFound)
	destination := s.newDestination("72@g.us", "x")
	destination.InstanceID = v.instance.ID
	w.fails("destination", s.Destinations().Create(w.ctx, destination), core.ErrNotFound)
	e := s.message()
	e.InstanceID = v.instance.ID
	_, _, err = s.Inbox().Accept(w.ctx, e)
	w.fails("message", err, core.ErrNotFound)
	w.fails("revoked message", s.Inbox().Revoke(w.ctx, e), core.ErrNotFound)
	_, _, err = s.Inbox().Edit(w.ctx, e)
	w.fails("edited message", err, core.ErrNotFound)
}

func canceledContext(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	before := s.dump()
	dead, cancel := context.WithCancel(w.ctx)
	cancel()
	_, _, err := s.Inbox().Accept(dead, s.message())
	w.same("code", core.CodeOf(err), core.CodeCanceled)
	_, err = s.Account().Get(dead)
	w.same("code of a read", core.CodeOf(err), core.CodeCanceled)
	w.same("the tenant", s.dump(), before)
}
