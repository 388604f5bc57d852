package bunrepository

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

// TestTheSuiteCatchesMutants breaks one rule of a good repository at a time and wants the
// case that guards the rule to fail.
func TestTheSuiteCatchesMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: whether the suite catches mutants is no matter of goroutines")
	}
	cases := map[string]repositorytest.Case{}
	for _, c := range repositorytest.Cases() {
		if _, twice := cases[c.Name]; twice {
			t.Fatalf("two cases are called %s", c.Name)
		}
		cases[c.Name] = c
	}
	for _, c := range cases {
		if fails(t, c, &mutant{Repository: openTest(t)}) {
			t.Errorf("%s fails without a mutation", c.Name)
		}
	}
	all := maps.Clone(mutants)
	maps.Copy(all, linkMutants)
	maps.Copy(all, queueMutants)
	maps.Copy(all, changeMutants)
	maps.Copy(all, hostingMutants)
	maps.Copy(all, accessMutants)
	maps.Copy(all, historyMutants)
	if len(all) != len(mutants)+len(linkMutants)+len(queueMutants)+len(changeMutants)+len(hostingMutants)+len(accessMutants)+len(historyMutants) {
		t.Fatal("two mutants have one name")
	}
	for name, guarded := range all {
		t.Run(name, func(t *testing.T) {
			c, ok := cases[guarded.by]
			if !ok {
				t.Fatalf("there is no case %s", guarded.by)
			}
			m := &mutant{Repository: openTest(t), tweaks: guarded.tweaks}
			if failed := fails(t, c, m); !failed {
				t.Errorf("%s did not notice", guarded.by)
			}
		})
	}
}

// fails runs a case against a repository and tells whether it reported a failure.
func fails(t *testing.T, c repositorytest.Case, r repository.Repository) bool {
	return reports(t, func(tb testing.TB) { c.Run(tb, r) })
}

// reports runs a check and tells whether it reported a failure.
func reports(t *testing.T, check func(testing.TB)) bool {
	rec := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(rec)
	}()
	<-done
	for _, end := range slices.Backward(rec.ends) {
		end()
	}
	return rec.failed
}

// recorder notes failures instead of reporting them, and cleans up after one check.
type recorder struct {
	testing.TB
	failed bool
	ends   []func()
}

func (r *recorder) Cleanup(end func()) { r.ends = append(r.ends, end) }

func (r *recorder) Helper()               {}
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }
func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

var anyContext = context.Background()

// mutation breaks one rule, which the case of that name guards.
type mutation struct {
	by string
	tweaks
}

var mutants = map[string]mutation{
	"finds deliveries of every tenant": {"ReadsShowNothingOfOthers", tweaks{
		find: func(m *mutant, own repository.Deliveries, id core.DeliveryID) (core.Delivery, error) {
			d, err := own.Get(anyContext, id)
			for _, other := range m.tenants() {
				if err != nil {
					d, err = m.Repository.Tenant(other).Deliveries().Get(anyContext, id)
				}
			}
			return d, err
		}}},
	"says created for what is there": {"MessageIsAcceptedOnce", tweaks{
		accept: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			id, _, err := b.Accept(anyContext, e)
			return id, true, err
		}}},
	"lets a lost claim finish": {"StaleFinishIsConflict", tweaks{
		finish: func(b repository.Inbox, all []core.InboxEntry) error {
			if err := b.Finish(anyContext, all...); !errors.Is(err, core.ErrConflict) {
				return err
			}
			return nil
		}}},
	"ends the claims before the lost one": {"FinishEndsSeveral", tweaks{
		finish: func(b repository.Inbox, all []core.InboxEntry) error {
			for _, e := range all {
				if err := b.Finish(anyContext, e); err != nil {
					return err
				}
			}
			return nil
		}}},
	"forgets a try that ended": {"RetriesAreNoPoison", tweaks{
		finish: func(b repository.Inbox, all []core.InboxEntry) error {
			return b.Finish(anyContext, slices.DeleteFunc(all, func(e core.InboxEntry) bool { return e.State == core.InboxNew })...)
		}}},
	"calls every edit a change": {"EditWithTheSameTextChangesNothing", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			id, _, err := b.Edit(anyContext, e)
			return id, true, err
		}}},
	"edits by overwriting": {"EditWithTheSameTextChangesNothing", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			text := e.Text
			e.Text += "!"
			if _, _, err := b.Edit(anyContext, e); err != nil {
				return "", false, err
			}
			e.Text = text
			return b.Edit(anyContext, e)
		}}},
	"forgets revokes": {"RevokeCancelsWhatIsPending", tweaks{
		revoke: func(repository.Inbox, core.InboxEntry) error { return nil }}},
	"begins whatever the text": {"BeginWithAnotherTextIsConflict", tweaks{
		begin: func(l repository.Lane, d repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			for i, a := range b.Attempts {
				stored, err := d.Get(anyContext, a.ID)
				if err != nil {
					return nil, err
				}
				b.Attempts[i].Text = stored.Text
			}
			return l.Begin(anyContext, b)
		}}},
	"forgets the pace": {"BeginPacesTheLane", tweaks{
		begin: func(l repository.Lane, _ repository.Deliveries, b repository.Begin) ([]core.Delivery, error) {
			b.NextSend = b.Now
			return l.Begin(anyContext, b)
		}}},
	"settles along any arrow": {"SettleFollowsTheArrowsOnly", tweaks{
		settle: func(d repository.Deliveries, s repository.Settle) (core.Delivery, error) {
			out, err := d.Settle(anyContext, s)
			if errors.Is(err, core.ErrInvalid) {
				out, err = d.Get(anyContext, s.ID)
				out.State = s.To
			}
			return out, err
		}}},
	"settles another attempt": {"StaleSettleReturnsTheDelivery", tweaks{
		settle: func(d repository.Deliveries, s repository.Settle) (core.Delivery, error) {
			stored, err := d.Get(anyContext, s.ID)
			if err != nil {
				return stored, err
			}
			s.Attempt = stored.Attempt
			return d.Settle(anyContext, s)
		}}},
	"keeps the lost delivery to itself": {"StaleSettleReturnsTheDelivery", tweaks{
		settle: func(d repository.Deliveries, s repository.Settle) (core.Delivery, error) {
			out, err := d.Settle(anyContext, s)
			if err != nil {
				out = core.Delivery{}
			}
			return out, err
		}}},
	"counts deliveries instead of attempts": {"HistoryCountsEveryAttempt", tweaks{
		history: func(l repository.Lane, since time.Time) ([]core.Dispatch, error) {
			all, err := l.History(anyContext, since)
			last := map[core.DestinationID]time.Time{}
			for _, one := range all {
				last[one.Destination] = one.At
			}
			return slices.DeleteFunc(all, func(x core.Dispatch) bool { return !x.At.Equal(last[x.Destination]) }), err
		}}},
	"sleeps through a wake-up": {"WakeMakesTheLaneDue", tweaks{
		wake: func(repository.Lane, time.Time) error { return nil }}},
	"forgets a renewal": {"RenewedLeaseHolds", tweaks{
		renew: func(repository.Lane, core.Lane, time.Time) error { return nil }}},
	"forgets a throttle": {"ThrottledLaneRestsWhateverComes", tweaks{
		settle: func(d repository.Deliveries, s repository.Settle) (core.Delivery, error) {
			s.RestUntil = time.Time{}
			return d.Settle(anyContext, s)
		}}},
	"wants the author of an edit": {"EditWithoutAuthorFindsTheMessage", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			if e.Key.Participant == "" {
				e.Key.Participant = "unknown"
			}
			return b.Edit(anyContext, e)
		}}},
	"wants the author named alike": {"OtherFormOfTheAuthorFindsTheMessage", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			if strings.HasSuffix(string(e.Key.Participant), "@s.whatsapp.net") {
				e.Key.Participant = "unknown"
			}
			return b.Edit(anyContext, e)
		}}},
	"takes edits as they come": {"OlderEditChangesNothing", tweaks{
		edit: func(b repository.Inbox, e core.InboxEntry) (core.InboxID, bool, error) {
			e.SentAt = time.Time{}
			return b.Edit(anyContext, e)
		}}},
	"lets a delivery come back as it left": {"PendingAgainCatchesUpWithTheMessage", tweaks{settle: detour}},
	"lets a delivery pass a revoke":        {"RevokeWinsAgainstComingBack", tweaks{settle: detour}},
	"forgets until when it caught up": {"InstanceIsStored", tweaks{
		create: func(n repository.Instance, i core.Instance) error {
			i.CaughtUpAt = time.Time{}
			return n.Create(anyContext, i)
		}}},
	"looks for reposts without a bound": {"RepostOfAProductIsCancelled", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			s.RepostSince = time.Time{}
		})}},
	"forgets texts when looking for reposts": {"RepostOfATextIsCancelled", tweaks{
		save: onSave(func(_ repository.Offers, s *repository.SaveOffer) {
			s.TextKey = ""
		})}},
	"filters after paging": {"OffersAreFilteredByStatus", tweaks{
		list: func(o repository.Offers, q repository.OfferQuery) ([]core.Offer, error) {
			status := q.Status
			q.Status = ""
			all, err := o.List(anyContext, q)
			return slices.DeleteFunc(all, func(x core.Offer) bool { return status != "" && x.Status() != status }), err
		}}},
	"watches sources that are off": {"ActiveSourceIsFound", tweaks{
		active: func(s repository.Sources, jid core.JID) (core.Source, error) {
			all, err := s.List(anyContext)
			for _, one := range all {
				if one.JID == jid {
					return one, nil
				}
			}
			return core.Source{}, errors.Join(err, core.ErrNotFound)
		}}},
	"returns discovered groups in its own order": {"DiscoveryKeepsWhatIsKnown", tweaks{
		discover: func(s repository.Sources, groups []core.Source) ([]core.Source, error) {
			out, err := s.Discovered(anyContext, groups)
			slices.SortFunc(out, func(a, b core.Source) int { return strings.Compare(string(a.JID), string(b.JID)) })
			return out, err
		}}},
	"stores a refused change": {"RefusedInstanceUpdateStoresNothing", tweaks{
		update: func(n repository.Instance, change func(*core.Instance) error) (out core.Instance, err error) {
			var refused error
			out, err = n.Update(anyContext, func(i *core.Instance) error { refused = change(i); return nil })
			return out, errors.Join(err, refused)
		}}},
	"takes a lane with the old fence": {"LeasedLaneIsNotTaken", tweaks{
		take: func(q repository.Queue, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
			lane, err := q.TakeLane(anyContext, now, holder, lease)
			lane.Fence = 1
			return lane, err
		}}},
	"leases for ever": {"LeasedLaneIsNotTaken", tweaks{
		take: func(q repository.Queue, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
			return q.TakeLane(anyContext, now, holder, 1000*lease)
		}}},
	"does not mind the case of a name": {"TenantIsFoundByInstanceName", tweaks{
		byName: func(d repository.Directory, name string) (core.TenantID, error) {
			return d.TenantByInstanceName(anyContext, strings.ToLower(name))
		}}},
}

// detour lets a delivery fail on its way back to pending: what ended misses what became of
// its message.
func detour(d repository.Deliveries, s repository.Settle) (core.Delivery, error) {
	if s.From == core.DeliveryDispatching && s.To == core.DeliveryPending {
		first := s
		first.To = core.DeliveryFailed
		if failed, err := d.Settle(anyContext, first); err != nil {
			return failed, err
		}
		s.From = core.DeliveryFailed
	}
	return d.Settle(anyContext, s)
}
