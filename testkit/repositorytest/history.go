package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func historyCases() []Case {
	return []Case{
		{"SentDeliveriesAreListed", sentAreListed},
		{"SentDeliveriesAreTallied", sentAreTallied},
	}
}

// sentHistory sends something to both groups, an hour apart, and twice at one moment. It
// returns when it began and what was sent, sent last first.
func (s *shop) sentHistory() (time.Time, []core.Delivery) {
	s.tb.Helper()
	var sent []core.Delivery
	began := s.now
	for i, product := range []string{"amazon:1", "amazon:2", "amazon:3"} {
		sent = append([]core.Delivery{s.inState(core.DeliverySent, product, s.groups[i%2])}, sent...)
		s.pass(time.Hour)
	}
	a, b := s.inState(core.DeliverySent, "amazon:4", s.groups[0]), s.inState(core.DeliverySent, "amazon:5", s.groups[1])
	if a.ID < b.ID {
		a, b = b, a
	}
	s.offer("amazon:6", s.groups...)
	s.inState(core.DeliveryAmbiguous, "amazon:7", s.groups[0])
	return began, append([]core.Delivery{a, b}, sent...)
}

func sentAreListed(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	other.inState(core.DeliverySent, "amazon:1", other.groups[0])
	began, sent := s.sentHistory()
	all := repository.SentQuery{Since: began, Until: w.now.Add(time.Second), Limit: 100}
	ask := func(change func(*repository.SentQuery)) []core.Delivery {
		tb.Helper()
		q := all
		change(&q)
		got, err := s.Deliveries().Sent(w.ctx, q)
		w.ok("sent", err)
		return got
	}
	w.same("sent last first", ask(func(*repository.SentQuery) {}), sent)
	w.same("to one group", ask(func(q *repository.SentQuery) { q.Destination = s.groups[1].ID }), to(sent, s.groups[1].ID))
	w.same("since the second", ask(func(q *repository.SentQuery) { q.Since = began.Add(time.Hour) }), sent[:4])
	w.same("until the second", ask(func(q *repository.SentQuery) { q.Until = began.Add(time.Hour) }), sent[4:])
	w.same("nothing asked for", len(ask(func(q *repository.SentQuery) { q.Limit = 0 })), 0)
	for _, size := range []int{1, 2, 3} {
		var paged []core.Delivery
		for before := (repository.Moment{}); ; {
			page := ask(func(q *repository.SentQuery) { q.Before, q.Limit = before, size })
			if paged = append(paged, page...); len(page) < size || len(paged) > len(sent) {
				break
			}
			last := page[len(page)-1]
			before = repository.Moment{At: last.SentAt, ID: string(last.ID)}
		}
		w.same("in pages", paged, sent)
	}
}

func to(all []core.Delivery, group core.DestinationID) (some []core.Delivery) {
	for _, d := range all {
		if d.DestinationID == group {
			some = append(some, d)
		}
	}
	return some
}

func sentAreTallied(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	other.inState(core.DeliverySent, "amazon:1", other.groups[0])
	began, sent := s.sentHistory()
	q := repository.SentQuery{Since: began, Until: w.now.Add(time.Second), Limit: 1, Before: repository.Moment{At: began}}
	ask := func(q repository.SentQuery, step time.Duration) []repository.SentTally {
		tb.Helper()
		got, err := s.Deliveries().SentTally(w.ctx, q, step)
		w.ok("tally", err)
		return got
	}
	first, second := s.groups[0].ID, s.groups[1].ID
	if first > second {
		tb.Fatal("ids are not in the order of their making")
	}
	w.same("by two hours", ask(q, 2*time.Hour), []repository.SentTally{
		{At: began, Destination: first, N: 1}, {At: began, Destination: second, N: 1},
		{At: began.Add(2 * time.Hour), Destination: first, N: 2}, {At: began.Add(2 * time.Hour), Destination: second, N: 1},
	})
	one := q
	one.Destination = second
	w.same("of one group", ask(one, 24*time.Hour), []repository.SentTally{{At: began, Destination: second, N: len(to(sent, second))}})
	late := q
	late.Since, late.Until = began.Add(time.Hour), began.Add(time.Hour+time.Microsecond)
	w.same("of one moment", ask(late, time.Hour), []repository.SentTally{{At: late.Since, Destination: second, N: 1}})
	_, err := s.Deliveries().SentTally(w.ctx, q, time.Second-1)
	w.fails("too small a step", err, core.ErrInvalid)
}
