package faulty

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (x directory) CreateTenant(ctx context.Context, t core.Tenant) error {
	return x.trip.around(ctx, "directory.create_tenant", func() error { return x.Directory.CreateTenant(ctx, t) })
}

func (x queue) TakeLane(ctx context.Context, now time.Time, holder string, lease time.Duration) (out core.Lane, err error) {
	err = x.trip.around(ctx, "queue.take_lane", func() (err error) {
		out, err = x.Queue.TakeLane(ctx, now, holder, lease)
		return err
	})
	return out, err
}

func (x account) SaveSettings(ctx context.Context, s core.Settings) error {
	return x.trip.around(ctx, "account.save_settings", func() error { return x.Account.SaveSettings(ctx, s) })
}

func (x account) Renew(ctx context.Context, hash core.Secret) (out core.Tenant, err error) {
	err = x.trip.around(ctx, "account.renew", func() (err error) {
		out, err = x.Account.Renew(ctx, hash)
		return err
	})
	return out, err
}

func (x account) Govern(ctx context.Context, e core.AuditEntry, change func(*core.Tenant) error) (out core.Tenant, err error) {
	err = x.trip.around(ctx, "account.govern", func() (err error) {
		out, err = x.Account.Govern(ctx, e, change)
		return err
	})
	return out, err
}

func (x account) Erase(ctx context.Context) error {
	return x.trip.around(ctx, "account.erase", func() error { return x.Account.Erase(ctx) })
}

func (x instance) Create(ctx context.Context, i core.Instance) error {
	return x.trip.around(ctx, "instance.create", func() error { return x.Instance.Create(ctx, i) })
}

func (x instance) Update(ctx context.Context, change func(*core.Instance) error) (out core.Instance, err error) {
	err = x.trip.around(ctx, "instance.update", func() (err error) {
		out, err = x.Instance.Update(ctx, change)
		return err
	})
	return out, err
}

func (x sources) Create(ctx context.Context, s core.Source) error {
	return x.trip.around(ctx, "sources.create", func() error { return x.Sources.Create(ctx, s) })
}

func (x sources) Update(ctx context.Context, id core.SourceID, change func(*core.Source) error) (out core.Source, err error) {
	err = x.trip.around(ctx, "sources.update", func() (err error) {
		out, err = x.Sources.Update(ctx, id, change)
		return err
	})
	return out, err
}

func (x sources) Delete(ctx context.Context, id core.SourceID) error {
	return x.trip.around(ctx, "sources.delete", func() error { return x.Sources.Delete(ctx, id) })
}

func (x sources) Discovered(ctx context.Context, groups []core.Source) (out []core.Source, err error) {
	err = x.trip.around(ctx, "sources.discovered", func() (err error) {
		out, err = x.Sources.Discovered(ctx, groups)
		return err
	})
	return out, err
}

func (x destinations) Create(ctx context.Context, d core.Destination) error {
	return x.trip.around(ctx, "destinations.create", func() error { return x.Destinations.Create(ctx, d) })
}

func (x destinations) Update(ctx context.Context, id core.DestinationID, change func(*core.Destination) error) (out core.Destination, err error) {
	err = x.trip.around(ctx, "destinations.update", func() (err error) {
		out, err = x.Destinations.Update(ctx, id, change)
		return err
	})
	return out, err
}

func (x destinations) Delete(ctx context.Context, id core.DestinationID) error {
	return x.trip.around(ctx, "destinations.delete", func() error { return x.Destinations.Delete(ctx, id) })
}

func (x tags) Create(ctx context.Context, t core.Tag) error {
	return x.trip.around(ctx, "tags.create", func() error { return x.Tags.Create(ctx, t) })
}

func (x tags) Update(ctx context.Context, id core.TagID, change func(*core.Tag) error) (out core.Tag, err error) {
	err = x.trip.around(ctx, "tags.update", func() (err error) {
		out, err = x.Tags.Update(ctx, id, change)
		return err
	})
	return out, err
}

func (x tags) Delete(ctx context.Context, id core.TagID) error {
	return x.trip.around(ctx, "tags.delete", func() error { return x.Tags.Delete(ctx, id) })
}

func (x mintedLinks) Save(ctx context.Context, m core.MintedLink) error {
	return x.trip.around(ctx, "minted_links.save", func() error { return x.MintedLinks.Save(ctx, m) })
}

func (x apiKeys) Create(ctx context.Context, k core.APIKey) error {
	return x.trip.around(ctx, "api_keys.create", func() error { return x.APIKeys.Create(ctx, k) })
}

func (x apiKeys) Use(ctx context.Context, hash string, day time.Time) (out core.APIKey, err error) {
	err = x.trip.around(ctx, "api_keys.use", func() (err error) {
		out, err = x.APIKeys.Use(ctx, hash, day)
		return err
	})
	return out, err
}

func (x apiKeys) Delete(ctx context.Context, id core.APIKeyID) error {
	return x.trip.around(ctx, "api_keys.delete", func() error { return x.APIKeys.Delete(ctx, id) })
}

func (x sessions) Begin(ctx context.Context, s core.Session) error {
	return x.trip.around(ctx, "sessions.begin", func() error { return x.Sessions.Begin(ctx, s) })
}

func (x sessions) See(ctx context.Context, id core.SessionID, now time.Time) (out core.Session, err error) {
	err = x.trip.around(ctx, "sessions.see", func() (err error) {
		out, err = x.Sessions.See(ctx, id, now)
		return err
	})
	return out, err
}

func (x sessions) Rotate(ctx context.Context, id core.SessionID, rotation int, now, until time.Time) (out core.Session, err error) {
	err = x.trip.around(ctx, "sessions.rotate", func() (err error) {
		out, err = x.Sessions.Rotate(ctx, id, rotation, now, until)
		return err
	})
	return out, err
}

func (x sessions) End(ctx context.Context, id core.SessionID) error {
	return x.trip.around(ctx, "sessions.end", func() error { return x.Sessions.End(ctx, id) })
}

func (x sessions) EndOthers(ctx context.Context, keep core.SessionID) error {
	return x.trip.around(ctx, "sessions.end_others", func() error { return x.Sessions.EndOthers(ctx, keep) })
}

func (x inbox) Claim(ctx context.Context, now, until time.Time, limit int) (out []core.InboxEntry, err error) {
	err = x.trip.around(ctx, "inbox.claim", func() (err error) {
		out, err = x.Inbox.Claim(ctx, now, until, limit)
		return err
	})
	return out, err
}

func (x inbox) Renew(ctx context.Context, claims []core.InboxEntry, until time.Time) error {
	return x.trip.around(ctx, "inbox.renew", func() error { return x.Inbox.Renew(ctx, claims, until) })
}

func (x inbox) Finish(ctx context.Context, entries ...core.InboxEntry) error {
	return x.trip.around(ctx, "inbox.finish", func() error { return x.Inbox.Finish(ctx, entries...) })
}

func (x inbox) Revoke(ctx context.Context, e core.InboxEntry) error {
	return x.trip.around(ctx, "inbox.revoke", func() error { return x.Inbox.Revoke(ctx, e) })
}

func (x inbox) Redrive(ctx context.Context, id core.InboxID, now time.Time) error {
	return x.trip.around(ctx, "inbox.redrive", func() error { return x.Inbox.Redrive(ctx, id, now) })
}

func (x offers) Save(ctx context.Context, all ...repository.SaveOffer) (out []core.Offer, err error) {
	err = x.trip.around(ctx, "offers.save", func() (err error) {
		out, err = x.Offers.Save(ctx, all...)
		return err
	})
	return out, err
}

func (x deliveries) Settle(ctx context.Context, s repository.Settle) (out core.Delivery, err error) {
	err = x.trip.around(ctx, "deliveries.settle", func() (err error) {
		out, err = x.Deliveries.Settle(ctx, s)
		return err
	})
	return out, err
}

func (x lane) Begin(ctx context.Context, b repository.Begin) (out []core.Delivery, err error) {
	err = x.trip.around(ctx, "lane.begin", func() (err error) {
		out, err = x.Lane.Begin(ctx, b)
		return err
	})
	return out, err
}

func (x lane) Renew(ctx context.Context, l core.Lane, until time.Time) error {
	return x.trip.around(ctx, "lane.renew", func() error { return x.Lane.Renew(ctx, l, until) })
}

func (x lane) Release(ctx context.Context, l core.Lane, next time.Time) error {
	return x.trip.around(ctx, "lane.release", func() error { return x.Lane.Release(ctx, l, next) })
}

func (x lane) Conclude(ctx context.Context, all []repository.Settle, l core.Lane, next time.Time) error {
	return x.trip.around(ctx, "lane.conclude", func() error { return x.Lane.Conclude(ctx, all, l, next) })
}

func (x lane) Wake(ctx context.Context, now time.Time) error {
	return x.trip.around(ctx, "lane.wake", func() error { return x.Lane.Wake(ctx, now) })
}

func (x hosting) Take(ctx context.Context, holder string, now, until time.Time) (out core.Host, err error) {
	err = x.trip.around(ctx, "hosting.take", func() (err error) {
		out, err = x.Hosting.Take(ctx, holder, now, until)
		return err
	})
	return out, err
}

func (x hosting) Keep(ctx context.Context, h core.Host, until time.Time) error {
	return x.trip.around(ctx, "hosting.keep", func() error { return x.Hosting.Keep(ctx, h, until) })
}

func (x hosting) Leave(ctx context.Context, h core.Host, next time.Time) error {
	return x.trip.around(ctx, "hosting.leave", func() error { return x.Hosting.Leave(ctx, h, next) })
}

func (x hosting) Ask(ctx context.Context, c repository.Call, waiting, fresh time.Time) (out repository.Call, err error) {
	err = x.trip.around(ctx, "hosting.ask", func() (err error) {
		out, err = x.Hosting.Ask(ctx, c, waiting, fresh)
		return err
	})
	return out, err
}

func (x hosting) Answer(ctx context.Context, c repository.Call) error {
	return x.trip.around(ctx, "hosting.answer", func() error { return x.Hosting.Answer(ctx, c) })
}

func (x inbox) Accept(ctx context.Context, e core.InboxEntry) (id core.InboxID, changed bool, err error) {
	err = x.trip.around(ctx, "inbox.accept", func() (err error) {
		id, changed, err = x.Inbox.Accept(ctx, e)
		return err
	})
	return id, changed, err
}

func (x inbox) Edit(ctx context.Context, e core.InboxEntry) (id core.InboxID, changed bool, err error) {
	err = x.trip.around(ctx, "inbox.edit", func() (err error) {
		id, changed, err = x.Inbox.Edit(ctx, e)
		return err
	})
	return id, changed, err
}
