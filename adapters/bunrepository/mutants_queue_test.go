package bunrepository

import (
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// queueMutants break the rules of finding and claiming work.
var queueMutants = map[string]mutation{
	"counts what is not due yet": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, limit int) ([]repository.Backlog, error) {
			return q.Backlog(anyContext, now.Add(time.Hour), limit)
		}}},
	"lists all whatever the limit": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, _ int) ([]repository.Backlog, error) {
			return q.Backlog(anyContext, now, 1000)
		}}},
	"never loses anything": {"LedgerCountsEverything", tweaks{
		ledger: func(q repository.Queue) (repository.Ledger, error) {
			l, err := q.Ledger(anyContext)
			l.Lost = 0
			return l, err
		}}},
	"claims whatever the limit": {"ClaimsAreOldestFirst", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, _ int) ([]core.InboxEntry, error) {
			return b.Claim(anyContext, now, until, 100)
		}}},
	"claims before it is due": {"RetryIsNotClaimedEarly", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error) {
			return b.Claim(anyContext, now.Add(time.Second), until.Add(time.Second), limit)
		}}},
	"claims for no time": {"ClaimIsExclusive", tweaks{
		claim: func(b repository.Inbox, now, _ time.Time, limit int) ([]core.InboxEntry, error) {
			return b.Claim(anyContext, now, now, limit)
		}}},
	"hands a claim out twice": {"ClaimRaceHasOneWinner", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error) {
			list, err := b.Claim(anyContext, now, until, limit)
			return append(list, list...), err
		}}},
	"begins a suspect with others": {"SuspectIsClaimedAlone", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error) {
			list, err := b.Claim(anyContext, now, until, limit)
			more, _ := b.Claim(anyContext, now, until, limit-len(list))
			return append(list, more...), err
		}}},
	"does not renew": {"RenewalKeepsAClaim", tweaks{
		keep: func(repository.Inbox, []core.InboxEntry, time.Time) error { return nil }}},
	"renews a lost claim": {"RenewalKeepsAClaim", tweaks{
		keep: func(b repository.Inbox, claims []core.InboxEntry, until time.Time) error {
			for i := range claims {
				claims[i].Starts = 1
			}
			return b.Renew(anyContext, claims, until)
		}}},
	"processes what was to be skipped": {"AcceptMaySkip", tweaks{
		accept: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			e.State, e.Reason = core.InboxNew, ""
			return b.Accept(anyContext, e)
		}}},
	"knows no newest message": {"NewestMessageOfAChat", tweaks{
		newest: func(repository.Inbox, core.JID) (time.Time, error) { return time.Time{}, nil }}},
	"lists dead letters from the start": {"DeadLettersAreListedAndRedriven", tweaks{
		dead: func(b repository.Inbox, _ core.InboxID, limit int) ([]core.InboxEntry, error) {
			return b.Dead(anyContext, "", limit)
		}}},
	"redrives nothing": {"DeadLettersAreListedAndRedriven", tweaks{
		redrive: func(repository.Inbox, core.InboxID, time.Time) error { return nil }}},
	"takes a snapshot of nothing": {"SnapshotSeesOneMoment", tweaks{
		snapshot: func(t repository.Tenant, read func(repository.Tenant) error) error { return read(t) }}},
	"writes in a snapshot": {"SnapshotOnlyReads", tweaks{
		snapshot: func(t repository.Tenant, read func(repository.Tenant) error) error { return read(t) }}},
	"keeps the error of a snapshot": {"SnapshotGivesItsErrorBack", tweaks{
		snapshot: func(t repository.Tenant, read func(repository.Tenant) error) error {
			_ = t.Snapshot(anyContext, read)
			return nil
		}}},
	"has a clock that goes back": {"ClockNeverGoesBack", tweaks{
		clock: func(r repository.Repository) time.Time {
			now := r.Now()
			return now.Truncate(time.Hour).Add(time.Hour).Add(-now.Sub(now.Truncate(time.Hour)))
		}}},
}
