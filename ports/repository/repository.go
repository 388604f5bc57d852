// Package repository is the port to the database.
//
// Isolation is in the shape: whatever belongs to a tenant is reached only through
// [Repository.Tenant], and no method below it takes a tenant. The few questions that have
// to look across tenants are in [Directory] and [Queue] and answer with ids only; what
// an operator sees of all tenants is in [Operations], which has no content of any.
//
// Every method is one transaction and must be durable when it returns nil. Absence is
// core.ErrNotFound, also for ids of another tenant: the two must not be told apart. A
// broken uniqueness rule or a lost compare-and-set is core.ErrConflict. A database that
// cannot be reached is core.ErrUnavailable. Times come from the caller and are stored with
// at least microseconds.
package repository

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Repository is the whole database.
type Repository interface {
	// Tenant scopes everything to one tenant. It does no input or output; a tenant that
	// does not exist is found out by the first method that needs it.
	Tenant(id core.TenantID) Tenant
	Directory() Directory
	Queue() Queue
	Operations() Operations
	// Ping says whether the database answers.
	Ping(ctx context.Context) error
	// Now is the time by which leases and gaps are kept. It must be the same, to within
	// seconds, in every process on this database, and must not follow a wall clock that is
	// set while the process runs. It does no input or output.
	Now() time.Time
}

// Tenant is everything one tenant owns.
type Tenant interface {
	Account() Account
	Instance() Instance
	Sources() Sources
	Destinations() Destinations
	Tags() Tags
	MintedLinks() MintedLinks
	APIKeys() APIKeys
	Sessions() Sessions
	Inbox() Inbox
	Offers() Offers
	Deliveries() Deliveries
	Lane() Lane
	Hosting() Hosting
	// Changes lists what changed after a moment, the oldest change first, at most limit. A
	// thing that changed several times is listed with its last change only. Changes made at
	// one moment are told apart by their ids; one whose transaction ends late can appear
	// behind later ones.
	Changes(ctx context.Context, after Moment, limit int) ([]Change, error)
	// Snapshot runs read with the same tenant, whose methods that read all see one moment
	// and share one transaction; those that write are ErrInvalid. An error of read is
	// returned as it is. read must not keep what it was given.
	Snapshot(ctx context.Context, read func(Tenant) error) error
}

// Moment is a place in the order of a tenant's changes. The zero Moment is before them all.
type Moment struct {
	At time.Time
	ID string // orders what changed at the same time
}

// ChangeKind is what sort of thing changed.
type ChangeKind string

// What changes are told of.
const (
	OfferChanged      ChangeKind = "offer"
	DeliveryChanged   ChangeKind = "delivery"
	ConnectionChanged ChangeKind = "connection"
)

// Change says that something of the tenant is not as it was: its UpdatedAt is At.
type Change struct {
	Moment // ID is the thing's own id
	Kind   ChangeKind
	// Offer is the offer that changed, or that the delivery belongs to.
	Offer core.OfferID
	// State is the delivery's state or the connection's status, "" for an offer.
	State string
}

// Directory finds out whose a credential is. It crosses tenants, so it answers with ids.
type Directory interface {
	// CreateTenant stores a new tenant with its settings. A taken e-mail is ErrConflict.
	CreateTenant(ctx context.Context, t core.Tenant) error
	// TenantByEmail finds a tenant by its normalized e-mail.
	TenantByEmail(ctx context.Context, email string) (core.TenantID, error)
	// TenantByWebhook finds the tenant whose instance has this webhook hash.
	TenantByWebhook(ctx context.Context, hash string) (core.TenantID, error)
	// TenantByAPIKey finds the tenant that has an API key with this hash.
	TenantByAPIKey(ctx context.Context, hash string) (core.TenantID, error)
	// TenantByInstanceName finds the tenant whose instance has this name, byte for byte.
	TenantByInstanceName(ctx context.Context, name string) (core.TenantID, error)
	// Unchecked lists tenants whose instance is not disconnected and was last checked
	// before the given time, oldest check first.
	Unchecked(ctx context.Context, before time.Time, limit int) ([]core.TenantID, error)
}

// Queue finds work that is due. It crosses tenants, so it answers with ids.
type Queue interface {
	// TakeLane leases one lane that is due at now, has a pending delivery whose NotBefore
	// has passed, is not leased by a living holder and not hosted by another one than the
	// caller, the longest-due first. It raises the lane's fence. ErrNotFound when none is due. Of concurrent callers one at most
	// must get a given lane.
	TakeLane(ctx context.Context, now time.Time, holder string, lease time.Duration) (core.Lane, error)
	// Backlog lists tenants with entries that wait to be claimed at now (new and due, or
	// claimed with an expired claim), the longest-waiting first.
	Backlog(ctx context.Context, now time.Time, limit int) ([]Backlog, error)
	// Unsettled lists deliveries to look after at now: dispatching past their deadline, and
	// ambiguous ones whose NotBefore has passed.
	Unsettled(ctx context.Context, now time.Time, limit int) ([]DeliveryRef, error)
	// Unhosted lists tenants whose session has to be hosted and may be at now: it is
	// provisioned at one of these providers, its CheckedAt is not in the future, nobody has
	// it, and it is not disconnected, or has no webhook hash, as one the tenant
	// disconnected. Those that nobody has had for the longest time come first.
	Unhosted(ctx context.Context, now time.Time, providers []core.Provider, limit int) ([]core.TenantID, error)
	// Called lists tenants whose session this holder hosts and who have calls without an
	// answer, the longest-waiting first.
	Called(ctx context.Context, holder string, limit int) ([]core.TenantID, error)
	// Ledger counts all tenants' entries, offers and deliveries at one moment.
	Ledger(ctx context.Context) (Ledger, error)
}

// Backlog is what one tenant has waiting.
type Backlog struct {
	Tenant  core.TenantID
	Waiting int
	// Since is when the entry that waits longest became due.
	Since time.Time
}

// Ledger counts where everything accepted is. Each entry is in one state of Inbox; each that
// is done has one offer; each offer is held or has at least one delivery, each of which is
// in one state of Deliveries. What fits none of that is Lost.
type Ledger struct {
	Inbox      map[core.InboxState]int
	Offers     int
	Held       int
	Deliveries map[core.DeliveryState]int
	// Lost counts done entries without an offer, and offers that are neither held nor have
	// a delivery. It must be 0 at every moment.
	Lost int
}

// DeliveryRef names a delivery of some tenant.
type DeliveryRef struct {
	Tenant core.TenantID
	ID     core.DeliveryID
}

// Account is the tenant itself.
type Account interface {
	Get(ctx context.Context) (core.Tenant, error)
	SaveSettings(ctx context.Context, s core.Settings) error
	// Stats counts; dayStart is the tenant's last local midnight.
	Stats(ctx context.Context, dayStart time.Time) (core.Stats, error)
	// Activity counts offers by CreatedAt and sent deliveries by SentAt, in steps of whole
	// seconds that follow each other from since; steps in which nothing happened are left
	// out. The oldest comes first.
	Activity(ctx context.Context, since time.Time, step time.Duration) ([]core.Activity, error)
	// Renew replaces the password hash, unless it is zero, raises Session by one and ends all
	// of Sessions. It returns the tenant as it is then.
	Renew(ctx context.Context, hash core.Secret) (core.Tenant, error)
	// Govern stores what change makes of Active, Operator and Limits, and nothing else it
	// changes, together with e in the audit log. An error of change is returned as it is and
	// nothing is stored. It returns the tenant as it is then.
	Govern(ctx context.Context, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error)
	// Audit lists what operators did to the tenant, newest first.
	Audit(ctx context.Context) ([]core.AuditEntry, error)
	// Erase removes the tenant and everything it owns, at once and for good.
	Erase(ctx context.Context) error
}

// Instance is the tenant's one WhatsApp session.
type Instance interface {
	// Get returns ErrNotFound until one was created.
	Get(ctx context.Context) (core.Instance, error)
	// Create stores the tenant's first instance and its lane; a second one is ErrConflict,
	// and of concurrent callers exactly one must succeed.
	Create(ctx context.Context, i core.Instance) error
	// Update applies change to the stored instance as one atomic step and returns the
	// result. An error of change is returned as it is and nothing is stored. change must be
	// quick and may run more than once.
	Update(ctx context.Context, change func(*core.Instance) error) (core.Instance, error)
}

// Sources are the groups a tenant watches. One row per group; a second is ErrConflict.
type Sources interface {
	// List is sorted by label or name, then id.
	List(ctx context.Context) ([]core.Source, error)
	Create(ctx context.Context, s core.Source) error
	Update(ctx context.Context, id core.SourceID, change func(*core.Source) error) (core.Source, error)
	Delete(ctx context.Context, id core.SourceID) error
	// Discovered stores what the provider lists: new groups as given (inactive), known
	// ones get the new name, count and ReadOnly and keep the rest. It returns the rows of exactly
	// these groups, in the given order.
	Discovered(ctx context.Context, groups []core.Source) ([]core.Source, error)
	// Active returns the active source with this JID, ErrNotFound when there is none. It
	// is asked for every message, so it must be one indexed read.
	Active(ctx context.Context, jid core.JID) (core.Source, error)
}

// Destinations are the groups a tenant posts to. One row per group; a second is ErrConflict.
type Destinations interface {
	// List is sorted by label, then id.
	List(ctx context.Context) ([]core.Destination, error)
	Get(ctx context.Context, id core.DestinationID) (core.Destination, error)
	Create(ctx context.Context, d core.Destination) error
	Update(ctx context.Context, id core.DestinationID, change func(*core.Destination) error) (core.Destination, error)
	// Delete removes the destination and cancels its pending deliveries with
	// ReasonDestinationOff; past deliveries stay.
	Delete(ctx context.Context, id core.DestinationID) error
}

// Tags are the tenant's affiliate identities, one per store and marketplace; a second is
// ErrConflict. Any field can be a secret of its store, so the values must be stored sealed,
// not readable in the database file.
type Tags interface {
	// List is sorted by store, then marketplace.
	List(ctx context.Context) ([]core.Tag, error)
	Create(ctx context.Context, t core.Tag) error
	Update(ctx context.Context, id core.TagID, change func(*core.Tag) error) (core.Tag, error)
	Delete(ctx context.Context, id core.TagID) error
}

// MintedLinks are the links that stores' APIs made for the tenant. A record proves whose a
// link is, so it may only come from the API that made the link.
type MintedLinks interface {
	// Save stores a record; one with the same Link is replaced.
	Save(ctx context.Context, m core.MintedLink) error
	// Find returns the newest record made for this target, identity and sub-id.
	Find(ctx context.Context, store, target, tagPrint string, sub core.SubID) (core.MintedLink, error)
	// Get returns the record of a link, byte for byte.
	Get(ctx context.Context, link string) (core.MintedLink, error)
}

// Inbox is the durable list of accepted messages, unique by instance and message key. Some
// events do not name a message's author, or by the other form of the address ("…@lid",
// "…@s.whatsapp.net"): such a key names the one stored message with its chat and id, and a
// message that comes after such an edit or revoke is the one they meant.
type Inbox interface {
	// Accept stores an entry as new and durable, or as skipped when its State and Reason say
	// so. For a key that is there already it changes nothing and says created=false, but
	// for one in state waiting: then the message is filled in, the edited text kept, and
	// created=true; it becomes new whatever the entry's state, which speaks of another text.
	// The returned id is the stored entry's.
	Accept(ctx context.Context, e core.InboxEntry) (id core.InboxID, created bool, err error)
	// Claim begins processing of at most limit entries, the longest-due first: new and due
	// ones, and claimed ones whose claim has expired, become claimed until the given time
	// and their Starts rises by one, durably, before they are returned. None is no error. Of
	// concurrent callers one at most must get a given entry.
	//
	// An entry whose earlier start did not come to an end is claimed alone: if it is what
	// killed its worker, it must not use up the starts of others. One that already had
	// core.MaxStarts starts more than Retries becomes dead with ReasonPoison instead.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]core.InboxEntry, error)
	// Renew extends those of the claims that are still current until the given time.
	Renew(ctx context.Context, claims []core.InboxEntry, until time.Time) error
	// Finish ends claims: state becomes done, skipped or dead, or new with a RetryAt, which
	// raises Retries (so does a Save). A claim is named by its entry's Starts and Revision;
	// one that is no longer the current one is ErrConflict, and the others end all the same.
	Finish(ctx context.Context, entries ...core.InboxEntry) error
	// Edit gives the message another text, raises its Revision and makes it new again,
	// due at once and without starts, unless it is revoked, the text is the same, or the
	// stored text is from an edit with a later SentAt (edits come late and twice). When
	// the key was never accepted, an entry is stored as waiting, made from e, and
	// changed=false: there is nothing to process yet.
	Edit(ctx context.Context, e core.InboxEntry) (id core.InboxID, changed bool, err error)
	// Revoke marks the message revoked, stored from e when the key was never accepted, and
	// cancels the pending deliveries of its offer with core.ReasonRevoked.
	Revoke(ctx context.Context, e core.InboxEntry) error
	// Newest is the latest SentAt of the chat's entries, the zero time when it has none.
	Newest(ctx context.Context, chat core.JID) (time.Time, error)
	// Dead lists entries that were set aside, newest first, continuing after before ("" for
	// the start).
	Dead(ctx context.Context, before core.InboxID, limit int) ([]core.InboxEntry, error)
	// Redrive makes a dead entry new again, due at now and without starts. ErrConflict when
	// it is not dead.
	Redrive(ctx context.Context, id core.InboxID, now time.Time) error
}

// Offers are messages judged to sell something.
type Offers interface {
	// Save stores what processing came to, as one transaction: each offer by its inbox
	// entry, its deliveries, the end of the inbox claim. See [SaveOffer]. They are stored, and
	// returned, in their order: an offer is a repetition of those before it. ErrConflict, or
	// ErrNotFound, when a claim is not the current one: nothing is stored of that one, and
	// the others are.
	Save(ctx context.Context, all ...SaveOffer) ([]core.Offer, error)
	// Get returns one offer with its deliveries.
	Get(ctx context.Context, id core.OfferID) (core.Offer, error)
	// ByInbox returns the offer made from an inbox entry.
	ByInbox(ctx context.Context, id core.InboxID) (core.Offer, error)
	// Near returns the texts of the offers saved last with this NearKey and a TextKey,
	// created after since, newest first, at most limit.
	Near(ctx context.Context, nearKey string, since time.Time, limit int) ([]NearText, error)
	// List returns offers with their deliveries, newest first.
	List(ctx context.Context, q OfferQuery) ([]core.Offer, error)
}

// NearText is the text an offer was saved with.
type NearText struct {
	TextKey string
	Text    string // Offer.FinalText
}

// SaveOffer is the outcome of processing one inbox entry.
type SaveOffer struct {
	// Entry is the claim being finished, with its next state; another one each time.
	Entry core.InboxEntry
	// Offer replaces an offer of the same entry, which keeps its id and CreatedAt.
	//
	// Offer.Deliveries are the wanted deliveries. One for a destination that has none yet
	// is inserted. A pending one gets the new Text. A cancelled one that was cancelled by
	// an edit becomes pending again. Pending ones not wanted any more are cancelled with
	// core.ReasonEdited. All others stay as they are, but remember the Text as what they
	// have to catch up with (see Deliveries.Settle). Texts differ by destination.
	Offer core.Offer
	// RepostSince, TextSince and TextKey bound reposts, in the same transaction: a new
	// delivery is stored as cancelled with ReasonDuplicateProduct, when another offer's
	// delivery to the same destination, created after RepostSince, occupies it
	// (core.DeliveryState.Occupies) with the same ProductKey, or with ReasonDuplicateText
	// when one created after TextSince does with the same TextKey.
	RepostSince, TextSince time.Time
	// TextKey is a fingerprint of the text; "" compares nothing.
	TextKey string
	// NearKey is shared by texts that may be alike, see [Offers.Near]; "" finds nothing.
	NearKey string
	// Now makes the instance's lane due no later than this, when something is pending.
	Now time.Time
}

// OfferQuery selects offers.
type OfferQuery struct {
	// Status filters when not "".
	Status core.OfferStatus
	// Product filters by ProductKey when not "".
	Product string
	// Before is the id to continue after (UUIDv7 order is creation order); "" for the start.
	Before core.OfferID
	Limit  int
}
