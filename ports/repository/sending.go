package repository

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Deliveries are offers on their way.
type Deliveries interface {
	Get(ctx context.Context, id core.DeliveryID) (core.Delivery, error)
	// Ready lists, per destination, the first pending deliveries by SourceAt then id, at most
	// each of them, whether or not their NotBefore has passed; of all these, at most limit,
	// oldest first. It is asked for every send, so its price must not grow with how many are
	// pending.
	Ready(ctx context.Context, each, limit int) ([]Ready, error)
	// Settle moves a delivery along the state machine, see [Settle]. One that becomes
	// pending again catches up with its message: it gets the text of the last Save that
	// wanted it. From dispatching or ambiguous it becomes cancelled instead, with ReasonRevoked
	// or ReasonEdited, when the message is revoked or the offer held by now.
	Settle(ctx context.Context, s Settle) (core.Delivery, error)
	// Sent lists the sent deliveries that a query selects, sent last first.
	Sent(ctx context.Context, q SentQuery) ([]core.Delivery, error)
	// SentTally counts those of q by destination in steps of whole seconds that follow each
	// other from q.Since, the oldest step first, then by destination; Before and Limit do not
	// count. Steps without a delivery are left out.
	SentTally(ctx context.Context, q SentQuery, step time.Duration) ([]SentTally, error)
	// Unproven lists deliveries to a chat that are dispatching, ambiguous or unconfirmed,
	// oldest attempt first, for matching against proof; and, when id is not "", those that
	// carry this MessageID or ClientID in any state.
	Unproven(ctx context.Context, chat core.JID, id core.MessageID) ([]core.Delivery, error)
}

// Ready is a delivery whose turn it is in its group, and what sending it needs of its offer.
type Ready struct {
	core.Delivery
	Inbox  core.InboxID
	Source core.MessageKey
	Media  *core.Media
}

// Lane is the sending order of the tenant's instance. Whoever took it with Queue.TakeLane
// may send, one message after the other.
type Lane interface {
	// History lists the lane's attempts since a time, oldest first.
	History(ctx context.Context, since time.Time) ([]core.Dispatch, error)
	// Begin moves pending deliveries to dispatching, raises their Attempt, and writes the
	// lane's next send time in the same transaction. It returns those that may be sent now, in
	// the order of b.Attempts: one that is not there, not pending, or whose Text is another by
	// now is left out. ErrConflict, with nothing stored, when that leaves none, the lane is
	// another instance's, or its fence is not b.Lane.Fence.
	Begin(ctx context.Context, b Begin) ([]core.Delivery, error)
	// Conclude is Deliveries.Settle of each and Release in one transaction: where one of
	// them is refused, nothing is stored. A lost fence is no error, as in Release.
	Conclude(ctx context.Context, all []Settle, lane core.Lane, next time.Time) error
	// Renew extends the lease of a living holder until the given time. ErrConflict when the
	// fence is not the lane's any more.
	Renew(ctx context.Context, lane core.Lane, until time.Time) error
	// Release gives the lane's lease back and sets when it is due next, but never before
	// the rest of a Begin ends. A Wake or a Save since the lease began wins over a later
	// next: its work must not be put off by a holder that did not see it. A lost fence is
	// no error: somebody else holds the lane and decides.
	Release(ctx context.Context, lane core.Lane, next time.Time) error
	// Wake makes the lane due now, unless it is due earlier or paced until later by a send.
	Wake(ctx context.Context, now time.Time) error
}

// Hosting says which process holds the tenant's connection to WhatsApp, where a provider's
// sessions live in one, and carries calls to whoever can make them.
type Hosting interface {
	// Take makes the holder the session's host until the given time and raises the host's
	// fence. ErrConflict while somebody, be it the same holder, is host or may not be
	// followed yet. Of concurrent callers one at most must become it.
	Take(ctx context.Context, holder string, now, until time.Time) (core.Host, error)
	// Keep makes a host stay until the given time. ErrConflict when it is not the host any
	// more.
	Keep(ctx context.Context, h core.Host, until time.Time) error
	// Leave ends it. Nobody is host before next. That another one is host by now is no
	// error.
	Leave(ctx context.Context, h core.Host, next time.Time) error
	// Ask stores a call and returns it, or the stored one with the same Op, Session and
	// Argument when that waits for its answer since waiting or later, or was answered
	// without a fault at fresh or later. There is one call of an Op: another one of it is
	// replaced.
	Ask(ctx context.Context, c Call, waiting, fresh time.Time) (Call, error)
	// Answer stores AnsweredAt, Answer and Fault of a call. ErrConflict when it was replaced
	// or answered since.
	Answer(ctx context.Context, c Call) error
	// Calls lists the last call of each Op, by Op.
	Calls(ctx context.Context) ([]Call, error)
}

// Call is something one process asks of another that can do it.
type Call struct {
	Op       string
	Session  string // the instance's name
	Argument string
	AskedAt  time.Time
	// AnsweredAt is zero while it waits.
	AnsweredAt time.Time
	Answer     string
	Fault      string // what went wrong, "" for nothing
}

// Begin permits attempts, each of one call: the holder of the lane makes them one after the
// other. Whatever was permitted and has no outcome is in doubt when the holder dies, so only
// a provider to which the same ClientID is the same message may have several at once.
type Begin struct {
	Lane     core.Lane
	Attempts []Attempt
	Now      time.Time
	Deadline time.Time // end of the attempts' lease
	NextSend time.Time // the lane rests until then, whatever happens
	// Settle is what the attempts before came to, stored in the same transaction. Where one
	// of them is refused, or the permission is, nothing is stored.
	Settle []Settle
}

// Attempt is one send to permit.
type Attempt struct {
	ID       core.DeliveryID
	Text     string // that will be sent
	ClientID core.MessageID
	// WithoutMedia notes that the text goes alone; once true it stays true.
	WithoutMedia bool
}

// Settle moves one delivery to its next state.
type Settle struct {
	ID core.DeliveryID
	// From is the state the caller saw, Attempt the attempt it speaks of; if the delivery
	// is no longer there, ErrConflict is returned together with the stored delivery.
	From    core.DeliveryState
	Attempt int
	// To must be an arrow of the state machine out of From, else ErrInvalid; so is
	// dispatching, which only Begin permits.
	To        core.DeliveryState
	Reason    core.Reason
	Detail    string
	MessageID core.MessageID // kept when ""
	NotBefore time.Time
	// RestUntil, when not zero, makes the whole lane rest until then, whatever else becomes
	// due: the provider asked to slow down.
	RestUntil time.Time
	// WithoutMedia, once true, stays true.
	WithoutMedia bool
	// RaiseEpoch is set when a person sends again what may have been sent.
	RaiseEpoch bool
	Now        time.Time
}
