package bunrepository

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// mutant is a good repository with one rule broken.
type mutant struct {
	repository.Repository
	tweaks
	mu     sync.Mutex
	seen   []core.TenantID
	minted []core.MintedLink // by all tenants
}

// tweaks replace single methods.
type tweaks struct {
	accept   func(repository.Inbox, core.InboxEntry) (core.InboxID, bool, error)
	finish   func(repository.Inbox, []core.InboxEntry) error
	edit     func(repository.Inbox, core.InboxEntry) (core.InboxID, bool, error)
	revoke   func(repository.Inbox, core.InboxEntry) error
	begin    func(repository.Lane, repository.Deliveries, repository.Begin) ([]core.Delivery, error)
	settle   func(repository.Deliveries, repository.Settle) (core.Delivery, error)
	ready    func(repository.Deliveries, int, int) ([]repository.Ready, error)
	conclude func(l repository.Lane, d repository.Deliveries, all []repository.Settle, lane core.Lane, next time.Time) error
	history  func(repository.Lane, time.Time) ([]core.Dispatch, error)
	renew    func(repository.Lane, core.Lane, time.Time) error
	wake     func(repository.Lane, time.Time) error
	find     func(m *mutant, own repository.Deliveries, id core.DeliveryID) (core.Delivery, error)
	save     func(repository.Offers, []repository.SaveOffer) ([]core.Offer, error)
	list     func(repository.Offers, repository.OfferQuery) ([]core.Offer, error)
	near     func(m *mutant, own repository.Offers, key string, since time.Time, limit int) ([]repository.NearText, error)
	mint     func(repository.MintedLinks, core.MintedLink) error
	made     func(m *mutant, asked core.MintedLink) (core.MintedLink, error) // asked has what Find is given
	link     func(m *mutant, own repository.MintedLinks, link string) (core.MintedLink, error)
	settings func(repository.Account, core.Settings) error
	stats    func(repository.Account, time.Time) (core.Stats, error)
	activity func(own repository.Account, since time.Time, step time.Duration) ([]core.Activity, error)
	renewal  func(repository.Account, core.Secret) (core.Tenant, error)
	erase    func(repository.Account) error
	changes  func(m *mutant, own repository.Tenant, after repository.Moment, limit int) ([]repository.Change, error)
	source   func(repository.Sources, core.Source) error
	active   func(repository.Sources, core.JID) (core.Source, error)
	discover func(repository.Sources, []core.Source) ([]core.Source, error)
	create   func(repository.Instance, core.Instance) error
	update   func(repository.Instance, func(*core.Instance) error) (core.Instance, error)
	take     func(q repository.Queue, now time.Time, holder string, lease time.Duration) (core.Lane, error)
	backlog  func(q repository.Queue, now time.Time, limit int) ([]repository.Backlog, error)
	ledger   func(q repository.Queue) (repository.Ledger, error)
	claim    func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error)
	keep     func(b repository.Inbox, claims []core.InboxEntry, until time.Time) error
	newest   func(b repository.Inbox, chat core.JID) (time.Time, error)
	dead     func(b repository.Inbox, before core.InboxID, limit int) ([]core.InboxEntry, error)
	redrive  func(b repository.Inbox, id core.InboxID, now time.Time) error
	snapshot func(t repository.Tenant, read func(repository.Tenant) error) error
	clock    func(r repository.Repository) time.Time
	hosting  hostingTweaks
	byName   func(repository.Directory, string) (core.TenantID, error)
	byKey    func(repository.Directory, string) (core.TenantID, error)
	sent     func(m *mutant, own repository.Deliveries, q repository.SentQuery) ([]core.Delivery, error)
	tally    func(m *mutant, own repository.Deliveries, q repository.SentQuery, step time.Duration) ([]repository.SentTally, error)
	govern   func(own repository.Account, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error)
	audit    func(m *mutant, own repository.Account) ([]core.AuditEntry, error)
	keys     func(*mutant, repository.APIKeys) repository.APIKeys
	sessions func(repository.Sessions) repository.Sessions
	operate  func(repository.Operations) repository.Operations
}

func (m *mutant) tenants() []core.TenantID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen)
}

func (m *mutant) Tenant(id core.TenantID) repository.Tenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, id)
	return mutantTenant{m.Repository.Tenant(id), m}
}

func (m *mutant) Queue() repository.Queue { return mutantQueue{m.Repository.Queue(), m} }
func (m *mutant) Directory() repository.Directory {
	return mutantDirectory{m.Repository.Directory(), m}
}

func (m *mutant) Operations() repository.Operations {
	if m.operate == nil {
		return m.Repository.Operations()
	}
	return m.operate(m.Repository.Operations())
}

type mutantTenant struct {
	repository.Tenant
	m *mutant
}

func (t mutantTenant) Account() repository.Account { return mutantAccount{t.Tenant.Account(), t.m} }
func (t mutantTenant) MintedLinks() repository.MintedLinks {
	return mutantMintedLinks{t.Tenant.MintedLinks(), t.m}
}
func (t mutantTenant) APIKeys() repository.APIKeys {
	if t.m.keys == nil {
		return t.Tenant.APIKeys()
	}
	return t.m.keys(t.m, t.Tenant.APIKeys())
}

func (t mutantTenant) Sessions() repository.Sessions {
	if t.m.tweaks.sessions == nil {
		return t.Tenant.Sessions()
	}
	return t.m.tweaks.sessions(t.Tenant.Sessions())
}

func (t mutantTenant) Inbox() repository.Inbox       { return mutantInbox{t.Tenant.Inbox(), t.m} }
func (t mutantTenant) Offers() repository.Offers     { return mutantOffers{t.Tenant.Offers(), t.m} }
func (t mutantTenant) Sources() repository.Sources   { return mutantSources{t.Tenant.Sources(), t.m} }
func (t mutantTenant) Instance() repository.Instance { return mutantInstance{t.Tenant.Instance(), t.m} }
func (t mutantTenant) Deliveries() repository.Deliveries {
	return mutantDeliveries{t.Tenant.Deliveries(), t.m}
}

func (t mutantTenant) Lane() repository.Lane {
	return mutantLane{t.Tenant.Lane(), t.Tenant.Deliveries(), t.m}
}

type mutantInbox struct {
	repository.Inbox
	m *mutant
}

func (b mutantInbox) Accept(ctx context.Context, e core.InboxEntry) (core.InboxID, bool, error) {
	if b.m.accept == nil {
		return b.Inbox.Accept(ctx, e)
	}
	return b.m.accept(b.Inbox, e)
}

func (b mutantInbox) Finish(ctx context.Context, entries ...core.InboxEntry) error {
	if b.m.finish == nil {
		return b.Inbox.Finish(ctx, entries...)
	}
	return b.m.finish(b.Inbox, entries)
}

func (b mutantInbox) Edit(ctx context.Context, e core.InboxEntry) (core.InboxID, bool, error) {
	if b.m.edit == nil {
		return b.Inbox.Edit(ctx, e)
	}
	return b.m.edit(b.Inbox, e)
}

func (b mutantInbox) Revoke(ctx context.Context, e core.InboxEntry) error {
	if b.m.revoke == nil {
		return b.Inbox.Revoke(ctx, e)
	}
	return b.m.revoke(b.Inbox, e)
}

type mutantDeliveries struct {
	repository.Deliveries
	m *mutant
}

func (d mutantDeliveries) Get(ctx context.Context, id core.DeliveryID) (core.Delivery, error) {
	if d.m.find == nil {
		return d.Deliveries.Get(ctx, id)
	}
	return d.m.find(d.m, d.Deliveries, id)
}

func (d mutantLane) Begin(ctx context.Context, b repository.Begin) ([]core.Delivery, error) {
	if d.m.begin == nil {
		return d.Lane.Begin(ctx, b)
	}
	return d.m.begin(d.Lane, d.deliveries, b)
}

func (d mutantDeliveries) Settle(ctx context.Context, s repository.Settle) (core.Delivery, error) {
	if d.m.settle == nil {
		return d.Deliveries.Settle(ctx, s)
	}
	return d.m.settle(d.Deliveries, s)
}

func (d mutantDeliveries) Ready(ctx context.Context, each, limit int) ([]repository.Ready, error) {
	if d.m.ready == nil {
		return d.Deliveries.Ready(ctx, each, limit)
	}
	return d.m.ready(d.Deliveries, each, limit)
}

func (d mutantLane) Conclude(ctx context.Context, all []repository.Settle, lane core.Lane, next time.Time) error {
	if d.m.conclude == nil {
		return d.Lane.Conclude(ctx, all, lane, next)
	}
	return d.m.conclude(d.Lane, d.deliveries, all, lane, next)
}

func (d mutantLane) History(ctx context.Context, since time.Time) ([]core.Dispatch, error) {
	if d.m.history == nil {
		return d.Lane.History(ctx, since)
	}
	return d.m.history(d.Lane, since)
}

func (d mutantLane) Wake(ctx context.Context, now time.Time) error {
	if d.m.wake == nil {
		return d.Lane.Wake(ctx, now)
	}
	return d.m.wake(d.Lane, now)
}

type mutantLane struct {
	repository.Lane
	deliveries repository.Deliveries
	m          *mutant
}

func (d mutantLane) Renew(ctx context.Context, lane core.Lane, until time.Time) error {
	if d.m.renew == nil {
		return d.Lane.Renew(ctx, lane, until)
	}
	return d.m.renew(d.Lane, lane, until)
}

type mutantOffers struct {
	repository.Offers
	m *mutant
}

func (o mutantOffers) Save(ctx context.Context, all ...repository.SaveOffer) ([]core.Offer, error) {
	if o.m.save == nil {
		return o.Offers.Save(ctx, all...)
	}
	return o.m.save(o.Offers, all)
}

func (o mutantOffers) List(ctx context.Context, q repository.OfferQuery) ([]core.Offer, error) {
	if o.m.list == nil {
		return o.Offers.List(ctx, q)
	}
	return o.m.list(o.Offers, q)
}

func (o mutantOffers) Near(ctx context.Context, key string, since time.Time, limit int) ([]repository.NearText, error) {
	if o.m.near == nil {
		return o.Offers.Near(ctx, key, since, limit)
	}
	return o.m.near(o.m, o.Offers, key, since, limit)
}

type mutantAccount struct {
	repository.Account
	m *mutant
}

func (a mutantAccount) SaveSettings(ctx context.Context, s core.Settings) error {
	if a.m.settings == nil {
		return a.Account.SaveSettings(ctx, s)
	}
	return a.m.settings(a.Account, s)
}

func (a mutantAccount) Stats(ctx context.Context, dayStart time.Time) (core.Stats, error) {
	if a.m.stats == nil {
		return a.Account.Stats(ctx, dayStart)
	}
	return a.m.stats(a.Account, dayStart)
}

func (a mutantAccount) Activity(ctx context.Context, since time.Time, step time.Duration) ([]core.Activity, error) {
	if a.m.activity == nil {
		return a.Account.Activity(ctx, since, step)
	}
	return a.m.activity(a.Account, since, step)
}

func (a mutantAccount) Renew(ctx context.Context, hash core.Secret) (core.Tenant, error) {
	if a.m.renewal == nil {
		return a.Account.Renew(ctx, hash)
	}
	return a.m.renewal(a.Account, hash)
}

func (a mutantAccount) Govern(ctx context.Context, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error) {
	if a.m.govern == nil {
		return a.Account.Govern(ctx, e, change)
	}
	return a.m.govern(a.Account, e, change)
}

func (a mutantAccount) Audit(ctx context.Context) ([]core.AuditEntry, error) {
	if a.m.audit == nil {
		return a.Account.Audit(ctx)
	}
	return a.m.audit(a.m, a.Account)
}

func (a mutantAccount) Erase(ctx context.Context) error {
	if a.m.erase == nil {
		return a.Account.Erase(ctx)
	}
	return a.m.erase(a.Account)
}

func (t mutantTenant) Changes(ctx context.Context, after repository.Moment, limit int) ([]repository.Change, error) {
	if t.m.changes == nil {
		return t.Tenant.Changes(ctx, after, limit)
	}
	return t.m.changes(t.m, t.Tenant, after, limit)
}

type mutantMintedLinks struct {
	repository.MintedLinks
	m *mutant
}

func (l mutantMintedLinks) Save(ctx context.Context, made core.MintedLink) error {
	l.m.mu.Lock()
	l.m.minted = append(l.m.minted, made)
	l.m.mu.Unlock()
	if l.m.mint == nil {
		return l.MintedLinks.Save(ctx, made)
	}
	return l.m.mint(l.MintedLinks, made)
}

func (l mutantMintedLinks) Find(ctx context.Context, store, target, tagPrint string, sub core.SubID) (core.MintedLink, error) {
	if l.m.made == nil {
		return l.MintedLinks.Find(ctx, store, target, tagPrint, sub)
	}
	return l.m.made(l.m, core.MintedLink{Store: store, Target: target, TagPrint: tagPrint, SubID: sub})
}

func (l mutantMintedLinks) Get(ctx context.Context, link string) (core.MintedLink, error) {
	if l.m.link == nil {
		return l.MintedLinks.Get(ctx, link)
	}
	return l.m.link(l.m, l.MintedLinks, link)
}

type mutantSources struct {
	repository.Sources
	m *mutant
}

func (s mutantSources) Active(ctx context.Context, jid core.JID) (core.Source, error) {
	if s.m.active == nil {
		return s.Sources.Active(ctx, jid)
	}
	return s.m.active(s.Sources, jid)
}

func (s mutantSources) Create(ctx context.Context, source core.Source) error {
	if s.m.source == nil {
		return s.Sources.Create(ctx, source)
	}
	return s.m.source(s.Sources, source)
}

func (s mutantSources) Discovered(ctx context.Context, groups []core.Source) ([]core.Source, error) {
	if s.m.discover == nil {
		return s.Sources.Discovered(ctx, groups)
	}
	return s.m.discover(s.Sources, groups)
}

type mutantInstance struct {
	repository.Instance
	m *mutant
}

func (n mutantInstance) Create(ctx context.Context, i core.Instance) error {
	if n.m.create == nil {
		return n.Instance.Create(ctx, i)
	}
	return n.m.create(n.Instance, i)
}

func (n mutantInstance) Update(ctx context.Context, change func(*core.Instance) error) (core.Instance, error) {
	if n.m.update == nil {
		return n.Instance.Update(ctx, change)
	}
	return n.m.update(n.Instance, change)
}

type mutantQueue struct {
	repository.Queue
	m *mutant
}

func (q mutantQueue) TakeLane(ctx context.Context, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
	if q.m.take == nil {
		return q.Queue.TakeLane(ctx, now, holder, lease)
	}
	return q.m.take(q.Queue, now, holder, lease)
}

func (q mutantQueue) Backlog(ctx context.Context, now time.Time, limit int) ([]repository.Backlog, error) {
	if q.m.backlog == nil {
		return q.Queue.Backlog(ctx, now, limit)
	}
	return q.m.backlog(q.Queue, now, limit)
}

func (q mutantQueue) Ledger(ctx context.Context) (repository.Ledger, error) {
	if q.m.ledger == nil {
		return q.Queue.Ledger(ctx)
	}
	return q.m.ledger(q.Queue)
}

func (m *mutant) Now() time.Time {
	if m.clock == nil {
		return m.Repository.Now()
	}
	return m.clock(m.Repository)
}

func (t mutantTenant) Snapshot(ctx context.Context, read func(repository.Tenant) error) error {
	if t.m.tweaks.snapshot == nil {
		return t.Tenant.Snapshot(ctx, read)
	}
	return t.m.tweaks.snapshot(t.Tenant, read)
}

func (b mutantInbox) Claim(ctx context.Context, now, until time.Time, limit int) ([]core.InboxEntry, error) {
	if b.m.claim == nil {
		return b.Inbox.Claim(ctx, now, until, limit)
	}
	return b.m.claim(b.Inbox, now, until, limit)
}

func (b mutantInbox) Renew(ctx context.Context, claims []core.InboxEntry, until time.Time) error {
	if b.m.keep == nil {
		return b.Inbox.Renew(ctx, claims, until)
	}
	return b.m.keep(b.Inbox, claims, until)
}

func (b mutantInbox) Newest(ctx context.Context, chat core.JID) (time.Time, error) {
	if b.m.newest == nil {
		return b.Inbox.Newest(ctx, chat)
	}
	return b.m.newest(b.Inbox, chat)
}

func (b mutantInbox) Dead(ctx context.Context, before core.InboxID, limit int) ([]core.InboxEntry, error) {
	if b.m.dead == nil {
		return b.Inbox.Dead(ctx, before, limit)
	}
	return b.m.dead(b.Inbox, before, limit)
}

func (b mutantInbox) Redrive(ctx context.Context, id core.InboxID, now time.Time) error {
	if b.m.redrive == nil {
		return b.Inbox.Redrive(ctx, id, now)
	}
	return b.m.redrive(b.Inbox, id, now)
}

type mutantDirectory struct {
	repository.Directory
	m *mutant
}

func (d mutantDirectory) TenantByInstanceName(ctx context.Context, name string) (core.TenantID, error) {
	if d.m.byName == nil {
		return d.Directory.TenantByInstanceName(ctx, name)
	}
	return d.m.byName(d.Directory, name)
}

func (d mutantDirectory) TenantByAPIKey(ctx context.Context, hash string) (core.TenantID, error) {
	if d.m.byKey == nil {
		return d.Directory.TenantByAPIKey(ctx, hash)
	}
	return d.m.byKey(d.Directory, hash)
}

func (d mutantDeliveries) Sent(ctx context.Context, q repository.SentQuery) ([]core.Delivery, error) {
	if d.m.sent == nil {
		return d.Deliveries.Sent(ctx, q)
	}
	return d.m.sent(d.m, d.Deliveries, q)
}

func (d mutantDeliveries) SentTally(ctx context.Context, q repository.SentQuery, step time.Duration) ([]repository.SentTally, error) {
	if d.m.tally == nil {
		return d.Deliveries.SentTally(ctx, q, step)
	}
	return d.m.tally(d.m, d.Deliveries, q, step)
}
