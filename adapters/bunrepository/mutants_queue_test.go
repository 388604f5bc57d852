package bunrepository

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func settleEach(d repository.Deliveries, all []repository.Settle) error {
	for _, s := range all {
		if _, err := d.Settle(anyContext, s); err != nil {
			return err
		}
	}
	return nil
}

// queueMutants break the rules of finding and claiming work.
var queueMutants = map[string]mutation{
	"lists what is ready without its media": {"ReadyKnowsTheMessage", tweaks{
		ready: func(d repository.Deliveries, each, limit int) ([]repository.Ready, error) {
			all, err := d.Ready(anyContext, each, limit)
			for i := range all {
				all[i].Media = nil
			}
			return all, err
		}}},
	"lists the heads only": {"ReadyListsSeveralPerDestination", tweaks{
		ready: func(d repository.Deliveries, each, limit int) ([]repository.Ready, error) {
			return d.Ready(anyContext, min(each, 1), limit)
		}}},
	"lists as many as there may be": {"ReadyListsSeveralPerDestination", tweaks{
		ready: func(d repository.Deliveries, each, limit int) ([]repository.Ready, error) {
			if each > 1 {
				each = limit
			}
			return d.Ready(anyContext, each, limit)
		}}},
	"stores the first offer of several": {"SaveStoresSeveral", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
			return o.Save(anyContext, all[:min(len(all), 1)]...)
		}}},
	"returns offers in another order": {"SaveStoresSeveral", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
			saved, err := o.Save(anyContext, all...)
			slices.Reverse(saved)
			return saved, err
		}}},
	"stores none where a claim is lost": {"SaveOfSeveralLeavesLostClaimsOut", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) (saved []core.Offer, err error) {
			for _, s := range all {
				some, err := o.Save(anyContext, s)
				if err != nil {
					return nil, err
				}
				saved = append(saved, some...)
			}
			return saved, nil
		}}},
	"does not say that a claim was lost": {"SaveOfSeveralLeavesLostClaimsOut", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
			saved, err := o.Save(anyContext, all...)
			if len(saved) > 0 {
				err = nil
			}
			return saved, err
		}}},
	"finds reposts of the last offer first": {"SaveOfSeveralFindsReposts", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
			backwards := slices.Clone(all)
			slices.Reverse(backwards)
			saved, err := o.Save(anyContext, backwards...)
			slices.Reverse(saved)
			return saved, err
		}}},
	"bounds all offers like the first": {"SaveOfSeveralFindsReposts", tweaks{
		save: func(o repository.Offers, all []repository.SaveOffer) ([]core.Offer, error) {
			all = slices.Clone(all)
			for i := range all {
				all[i].RepostSince, all[i].TextSince = all[0].RepostSince, all[0].TextSince
			}
			return o.Save(anyContext, all...)
		}}},
	"wakes the lane late": {"SaveOfSeveralWakesTheLane", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) { s.Now = s.Now.Add(time.Hour) })}},
	"begins and forgets the attempts before": {"BeginSettlesTheAttemptsBefore", tweaks{
		begin: func(l repository.Lane, _ repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			b.Settle = nil
			return l.Begin(anyContext, b)
		}}},
	"settles the last of the attempts before": {"BeginSettlesTheAttemptsBefore", tweaks{
		begin: func(l repository.Lane, _ repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			b.Settle = b.Settle[max(len(b.Settle)-1, 0):]
			return l.Begin(anyContext, b)
		}}},
	"settles the attempts before whatever becomes of the permission": {"BeginSettlesTheAttemptsBefore", tweaks{
		begin: func(l repository.Lane, d repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			if err := settleEach(d, b.Settle); err != nil {
				return nil, err
			}
			b.Settle = nil
			return l.Begin(anyContext, b)
		}}},
	"begins all or none": {"BeginPermitsSeveral", tweaks{
		begin: func(l repository.Lane, d repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			for _, a := range b.Attempts {
				if stored, err := d.Get(anyContext, a.ID); err != nil || stored.Text != a.Text {
					return nil, core.ErrConflict
				}
			}
			return l.Begin(anyContext, b)
		}}},
	"begins in an order of its own": {"BeginPermitsSeveral", tweaks{
		begin: func(l repository.Lane, _ repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			begun, err := l.Begin(anyContext, b)
			slices.SortFunc(begun, func(a, b core.Delivery) int { return cmp.Compare(a.ID, b.ID) })
			return begun, err
		}}},
	"concludes and keeps the lease": {"ConcludeSettlesAndReleases", tweaks{
		conclude: func(_ repository.Lane, d repository.Deliveries, all []repository.Settle, _ core.Lane, _ time.Time) error {
			return settleEach(d, all)
		}}},
	"gives the lease back of what was not concluded": {"RefusedConcludeKeepsTheLease", tweaks{
		conclude: func(l repository.Lane, _ repository.Deliveries, all []repository.Settle, lane core.Lane, next time.Time) error {
			err := l.Conclude(anyContext, all, lane, next)
			return errors.Join(err, l.Release(anyContext, lane, next))
		}}},
	"concludes as far as it can": {"RefusedConcludeKeepsTheLease", tweaks{
		conclude: func(_ repository.Lane, d repository.Deliveries, all []repository.Settle, _ core.Lane, _ time.Time) error {
			return settleEach(d, all)
		}}},
	"concludes for the holder only": {"ConcludeWithAnOldFenceSettles", tweaks{
		conclude: func(l repository.Lane, _ repository.Deliveries, all []repository.Settle, lane core.Lane, next time.Time) error {
			if err := l.Renew(anyContext, lane, next); err != nil {
				return err
			}
			return l.Conclude(anyContext, all, lane, next)
		}}},
	"counts what is not due yet": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, limit int) ([]repository.Backlog, error) {
			return q.Backlog(anyContext, now.Add(time.Hour), limit)
		}}},
	"lists all whatever the limit": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, _ int) ([]repository.Backlog, error) {
			return q.Backlog(anyContext, now, 1000)
		}}},
	"lists the last to wait first": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, limit int) ([]repository.Backlog, error) {
			all, err := q.Backlog(anyContext, now, limit)
			slices.Reverse(all)
			return all, err
		}}},
	"lists who waits by id": {"BacklogListsWhoWaits", tweaks{
		backlog: func(q repository.Queue, now time.Time, limit int) ([]repository.Backlog, error) {
			all, err := q.Backlog(anyContext, now, limit)
			slices.SortFunc(all, func(a, b repository.Backlog) int { return cmp.Compare(a.Tenant, b.Tenant) })
			return all, err
		}}},
	"counts no held offers": {"LedgerCountsEverything", tweaks{
		ledger: func(q repository.Queue) (repository.Ledger, error) {
			l, err := q.Ledger(anyContext)
			l.Held = 0
			return l, err
		}}},
	"looks twice for one ledger": {"LedgerIsOfOneMoment", tweaks{
		ledger: func(q repository.Queue) (repository.Ledger, error) {
			before, err := q.Ledger(anyContext)
			after, again := q.Ledger(anyContext)
			after.Inbox = before.Inbox
			return after, errors.Join(err, again)
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
	"claims by id": {"ClaimsAreOldestFirst", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error) {
			list, err := b.Claim(anyContext, now, until, limit)
			slices.SortFunc(list, func(a, b core.InboxEntry) int { return cmp.Compare(a.ID, b.ID) })
			return list, err
		}}},
	"takes a retry for a suspect": {"RetriesAreClaimedTogether", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, _ int) ([]core.InboxEntry, error) {
			return b.Claim(anyContext, now, until, 1)
		}}},
	"lets poison live": {"PoisonDies", tweaks{
		claim: func(b repository.Inbox, now, until time.Time, limit int) ([]core.InboxEntry, error) {
			list, err := b.Claim(anyContext, now, until, limit)
			dead, failed := b.Dead(anyContext, "", limit)
			for _, e := range dead {
				failed = errors.Join(failed, b.Redrive(anyContext, e.ID, now))
			}
			more, again := b.Claim(anyContext, now, until, limit)
			return append(list, more...), errors.Join(err, failed, again)
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
	"renews a claim that was taken over": {"LostClaimIsNotRenewed", tweaks{
		keep: func(b repository.Inbox, claims []core.InboxEntry, until time.Time) error {
			for i := range claims {
				claims[i].Starts++
			}
			return b.Renew(anyContext, claims, until)
		}}},
	"renews a claim that an edit ended": {"LostClaimIsNotRenewed", tweaks{
		keep: func(b repository.Inbox, claims []core.InboxEntry, until time.Time) error {
			for i := range claims {
				claims[i].Revision++
			}
			return b.Renew(anyContext, claims, until)
		}}},
	"processes what was to be skipped": {"AcceptMaySkip", tweaks{
		accept: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			e.State, e.Reason = core.InboxNew, ""
			return b.Accept(anyContext, e)
		}}},
	"forgets why it was skipped": {"AcceptMaySkip", tweaks{
		accept: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			e.Reason = ""
			return b.Accept(anyContext, e)
		}}},
	"refuses odd characters": {"OddCharactersLoseNoMessage", tweaks{
		accept: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			if strings.ContainsRune(e.Text, 0) {
				return "", false, core.ErrInvalid
			}
			return b.Accept(anyContext, e)
		}}},
	"refuses odd characters of an edit": {"OddCharactersLoseNoMessage", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			if strings.ContainsRune(e.Text, 0) {
				return "", false, core.ErrInvalid
			}
			return b.Edit(anyContext, e)
		}}},
	"knows no newest message": {"NewestMessageOfAChat", tweaks{
		newest: func(repository.Inbox, core.JID) (time.Time, error) { return time.Time{}, nil }}},
	"lists dead letters from the start": {"DeadLettersAreListed", tweaks{
		dead: func(b repository.Inbox, _ core.InboxID, limit int) ([]core.InboxEntry, error) {
			return b.Dead(anyContext, "", limit)
		}}},
	"lists dead letters oldest first": {"DeadLettersAreListed", tweaks{
		dead: func(b repository.Inbox, before core.InboxID, limit int) ([]core.InboxEntry, error) {
			list, err := b.Dead(anyContext, before, limit)
			slices.Reverse(list)
			return list, err
		}}},
	"redrives nothing": {"DeadLetterIsRedriven", tweaks{
		redrive: func(repository.Inbox, core.InboxID, time.Time) error { return nil }}},
	"redrives too early": {"DeadLetterIsRedriven", tweaks{
		redrive: func(b repository.Inbox, id core.InboxID, _ time.Time) error {
			return b.Redrive(anyContext, id, time.Time{})
		}}},
	"redrives what lives": {"DeadLetterIsRedriven", tweaks{
		redrive: func(b repository.Inbox, id core.InboxID, now time.Time) error {
			if err := b.Redrive(anyContext, id, now); !errors.Is(err, core.ErrConflict) {
				return err
			}
			return nil
		}}},
	"takes an old claim for a redriven one": {"RedriveEndsOldClaims", tweaks{
		finish: func(b repository.Inbox, all []core.InboxEntry) error {
			err := b.Finish(anyContext, all...)
			if errors.Is(err, core.ErrConflict) {
				all[0].Revision++
				err = b.Finish(anyContext, all...)
			}
			return err
		}}},
	"takes a snapshot of nothing": {"SnapshotSeesOneMoment", tweaks{
		snapshot: func(t repository.Tenant, read func(repository.Tenant) error) error { return read(t) }}},
	"cannot read all in a snapshot": {"SnapshotReadsEverything", tweaks{
		snapshot: func(t repository.Tenant, read func(repository.Tenant) error) error {
			return t.Snapshot(anyContext, func(seen repository.Tenant) error { return read(forgetful{seen}) })
		}}},
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

// forgetful is a tenant that does not find its minted links.
type forgetful struct{ repository.Tenant }

func (f forgetful) MintedLinks() repository.MintedLinks { return lost{f.Tenant.MintedLinks()} }

type lost struct{ repository.MintedLinks }

func (lost) Get(context.Context, string) (core.MintedLink, error) {
	return core.MintedLink{}, core.ErrNotFound
}
