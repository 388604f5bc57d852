package repositorytest

import (
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func snapshotCases() []Case {
	return []Case{
		{"SnapshotSeesOneMoment", snapshotMoment},
		{"SnapshotReadsEverything", snapshotReads},
		{"SnapshotOnlyReads", snapshotWrites},
		{"SnapshotGivesItsErrorBack", snapshotError},
	}
}

func snapshotMoment(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	w.ok("snapshot", s.Snapshot(w.ctx, func(seen repository.Tenant) error {
		before, err := seen.Tags().List(w.ctx)
		w.ok("tags", err)
		w.ok("create tag", s.Tags().Create(w.ctx, core.Tag{
			ID: core.TagID(w.id()), Store: "shopee", Fields: map[string]string{"affiliate_id": "1"}, CreatedAt: w.now, UpdatedAt: w.now,
		}))
		s.accept(s.message())
		after, err := seen.Tags().List(w.ctx)
		w.ok("tags again", err)
		w.same("tags of the moment", after, before)
		newest, err := seen.Inbox().Newest(w.ctx, s.source.JID)
		w.ok("newest", err)
		w.same("messages of the moment", newest.IsZero(), true)
		return nil
	}))
	now, err := s.Tags().List(w.ctx)
	w.ok("tags now", err)
	w.same("tags now", len(now) > 0 && now[len(now)-1].Store == "shopee", true)
}

func snapshotReads(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	offer := s.offer("", s.groups...)
	d := offer.Deliveries[0]
	minted := s.newMintedLink(sharedLink)
	w.ok("save minted link", s.MintedLinks().Save(w.ctx, minted))
	key, session := s.newKey("snapshot"), s.newSession()
	w.ok("create API key", s.APIKeys().Create(w.ctx, key))
	w.ok("begin session", s.Sessions().Begin(w.ctx, session))
	read := func(what string, err error) { tb.Helper(); w.ok(what, err) }
	w.ok("snapshot", s.Snapshot(w.ctx, func(seen repository.Tenant) error {
		_, err := seen.Account().Get(w.ctx)
		read("account", err)
		_, err = seen.Account().Stats(w.ctx, w.now)
		read("stats", err)
		_, err = seen.Instance().Get(w.ctx)
		read("instance", err)
		_, err = seen.Sources().List(w.ctx)
		read("sources", err)
		_, err = seen.Sources().Active(w.ctx, s.source.JID)
		read("active source", err)
		_, err = seen.Destinations().List(w.ctx)
		read("destinations", err)
		_, err = seen.Destinations().Get(w.ctx, s.groups[0].ID)
		read("destination", err)
		_, err = seen.Tags().List(w.ctx)
		read("tags", err)
		_, err = seen.MintedLinks().Get(w.ctx, minted.Link)
		read("minted link", err)
		_, err = seen.MintedLinks().Find(w.ctx, minted.Store, minted.Target, minted.TagPrint, minted.SubID)
		read("minted link by what it was made for", err)
		_, err = seen.APIKeys().List(w.ctx)
		read("API keys", err)
		_, err = seen.Sessions().List(w.ctx, w.now)
		read("sessions", err)
		_, err = seen.Account().Audit(w.ctx)
		read("audit log", err)
		_, err = seen.Inbox().Newest(w.ctx, s.source.JID)
		read("newest message", err)
		_, err = seen.Inbox().Dead(w.ctx, "", 1)
		read("dead letters", err)
		_, err = seen.Offers().Get(w.ctx, offer.ID)
		read("offer", err)
		_, err = seen.Offers().ByInbox(w.ctx, offer.InboxID)
		read("offer by inbox entry", err)
		_, err = seen.Offers().Near(w.ctx, sharedKey, time.Time{}, 1)
		read("near texts", err)
		_, err = seen.Offers().List(w.ctx, repository.OfferQuery{Limit: 1})
		read("offers", err)
		_, err = seen.Deliveries().Get(w.ctx, d.ID)
		read("delivery", err)
		_, err = seen.Deliveries().Sent(w.ctx, repository.SentQuery{Until: w.now, Limit: 1})
		read("sent deliveries", err)
		_, err = seen.Deliveries().SentTally(w.ctx, repository.SentQuery{Until: w.now}, time.Hour)
		read("tally of sent deliveries", err)
		_, err = seen.Deliveries().Ready(w.ctx, 1, 1)
		read("ready deliveries", err)
		_, err = seen.Deliveries().Unproven(w.ctx, d.Chat, "")
		read("unproven deliveries", err)
		_, err = seen.Lane().History(w.ctx, w.now)
		read("history", err)
		_, err = seen.Deliveries().Get(w.ctx, core.DeliveryID(w.id()))
		w.fails("an unknown delivery", err, core.ErrNotFound)
		read("snapshot in a snapshot", seen.Snapshot(w.ctx, func(repository.Tenant) error { return nil }))
		return nil
	}))
}

func snapshotWrites(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	tag, minted := s.newTag("amazon", ""), s.newMintedLink(sharedLink)
	w.ok("create tag", s.Tags().Create(w.ctx, tag))
	offer := s.offer("", s.groups...)
	d, dead, claimed := offer.Deliveries[0], s.buried(), s.claim(s.accept(s.message()))
	lane := s.take()
	key, session := s.newKey("snapshot"), s.newSession()
	w.ok("create API key", s.APIKeys().Create(w.ctx, key))
	w.ok("begin session", s.Sessions().Begin(w.ctx, session))
	before := s.dump()
	refused := func(what string, err error) { tb.Helper(); w.fails(what, err, core.ErrInvalid) }
	w.ok("snapshot", s.Snapshot(w.ctx, func(seen repository.Tenant) error {
		refused("settings", seen.Account().SaveSettings(w.ctx, core.Settings{TimeZone: "UTC"}))
		refused("instance", seen.Instance().Create(w.ctx, w.newInstance(s.id)))
		_, err := seen.Instance().Update(w.ctx, func(i *core.Instance) error { i.PhoneNumber = "1"; return nil })
		refused("update instance", err)
		refused("source", seen.Sources().Create(w.ctx, s.newSource("71@g.us", "x")))
		_, err = seen.Sources().Update(w.ctx, s.source.ID, func(x *core.Source) error { x.Label = "x"; return nil })
		refused("update source", err)
		refused("delete source", seen.Sources().Delete(w.ctx, s.source.ID))
		_, err = seen.Sources().Discovered(w.ctx, []core.Source{s.newSource("71@g.us", "x")})
		refused("discovered sources", err)
		refused("destination", seen.Destinations().Create(w.ctx, s.newDestination("72@g.us", "x")))
		_, err = seen.Destinations().Update(w.ctx, s.groups[0].ID, func(x *core.Destination) error { x.Label = "x"; return nil })
		refused("update destination", err)
		refused("delete destination", seen.Destinations().Delete(w.ctx, s.groups[0].ID))
		refused("tag", seen.Tags().Create(w.ctx, s.newTag("shopee", "")))
		_, err = seen.Tags().Update(w.ctx, tag.ID, func(x *core.Tag) error { x.Fields = nil; return nil })
		refused("update tag", err)
		refused("delete tag", seen.Tags().Delete(w.ctx, tag.ID))
		refused("API key", seen.APIKeys().Create(w.ctx, s.newKey("another")))
		_, err = seen.APIKeys().Use(w.ctx, key.Hash, w.now.Add(24*time.Hour))
		refused("use API key", err)
		refused("delete API key", seen.APIKeys().Delete(w.ctx, key.ID))
		refused("session", seen.Sessions().Begin(w.ctx, s.newSession()))
		_, err = seen.Sessions().See(w.ctx, session.ID, w.now.Add(time.Hour))
		refused("see session", err)
		_, err = seen.Sessions().Rotate(w.ctx, session.ID, session.Rotation, w.now, w.now.Add(time.Hour))
		refused("rotate session", err)
		refused("end session", seen.Sessions().End(w.ctx, session.ID))
		refused("end other sessions", seen.Sessions().EndOthers(w.ctx, ""))
		_, err = seen.Account().Govern(w.ctx, s.audit(core.TenantActivated), func(*core.Tenant) error { return nil })
		refused("govern", err)
		refused("minted link", seen.MintedLinks().Save(w.ctx, minted))
		_, _, err = seen.Inbox().Accept(w.ctx, s.message())
		refused("accept", err)
		_, err = seen.Inbox().Claim(w.ctx, w.now.Add(time.Hour), w.now.Add(2*time.Hour), 1)
		refused("claim", err)
		refused("renew claims", seen.Inbox().Renew(w.ctx, []core.InboxEntry{claimed}, w.now.Add(time.Hour)))
		_, _, err = seen.Inbox().Edit(w.ctx, s.message())
		refused("edit", err)
		refused("revoke", seen.Inbox().Revoke(w.ctx, s.message()))
		refused("redrive", seen.Inbox().Redrive(w.ctx, dead.ID, w.now))
		outcome := s.outcome(claimed, "", s.groups...)
		_, err = seen.Offers().Save(w.ctx, outcome)
		refused("save offer", err)
		refused("finish", seen.Inbox().Finish(w.ctx, outcome.Entry))
		_, err = seen.Deliveries().Settle(w.ctx, s.move(d, core.DeliveryCancelled))
		refused("settle", err)
		_, err = seen.Lane().Begin(w.ctx, s.permit(lane, d))
		refused("begin", err)
		refused("renew lease", seen.Lane().Renew(w.ctx, lane, w.now.Add(time.Hour)))
		refused("release", seen.Lane().Release(w.ctx, lane, w.now.Add(time.Hour)))
		refused("wake", seen.Lane().Wake(w.ctx, w.now))
		return nil
	}))
	w.same("the tenant", s.dump(), before)
}

func snapshotError(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	own := errors.New("the caller's own")
	if err := w.shop().Snapshot(w.ctx, func(repository.Tenant) error { return own }); !errors.Is(err, own) {
		tb.Fatalf("snapshot: got %v, want the error of the function", err)
	}
}
