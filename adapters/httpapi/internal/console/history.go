package console

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// History is the page of what was sent.
type History struct {
	Group    core.DestinationID // "" for all
	From, To time.Time          // the first and the last day, at their beginning
	Items    []core.Delivery
	Tally    []repository.SentTally // by the hour
	Groups   map[core.DestinationID]string
	Next     string
	Later    bool
}

// Path is the address of the first page of the same selection.
func (h History) Path() string {
	return "/history?group=" + url.QueryEscape(string(h.Group)) + "&from=" + h.From.Format(time.DateOnly) + "&to=" + h.To.Format(time.DateOnly)
}

func (h History) total() (n int) {
	for _, t := range h.Tally {
		n += t.N
	}
	return n
}

// group names a destination, also one that is gone.
func (v View) groupName(h History, id core.DestinationID) string {
	if name := h.Groups[id]; name != "" {
		return name
	}
	return v.T("Grupo removido", "Removed group")
}

// choices are the groups one can ask for, by name.
func (v View) choices(h History) []core.DestinationID {
	ids := slices.Collect(maps.Keys(h.Groups))
	slices.SortFunc(ids, func(a, b core.DestinationID) int {
		return cmp.Or(strings.Compare(strings.ToLower(h.Groups[a]), strings.ToLower(h.Groups[b])), cmp.Compare(a, b))
	})
	return ids
}

// sum is how much of the selection went to one group, or went out on one day.
type sum struct {
	name, path string
	n          int
}

// byGroup adds up by group, the busiest first.
func (v View) byGroup(h History) []sum {
	counts := map[core.DestinationID]int{}
	for _, t := range h.Tally {
		counts[t.Destination] += t.N
	}
	var all []sum
	for id, n := range counts {
		one := h
		one.Group = id
		all = append(all, sum{v.groupName(h, id), one.Path(), n})
	}
	slices.SortFunc(all, func(a, b sum) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	return all
}

// quietDays is up to how many days those without anything are listed too.
const quietDays = 14

// byDay adds up by day, the latest first.
func (v View) byDay(h History) (all []sum) {
	counts := map[string]int{}
	for _, t := range h.Tally {
		counts[t.At.In(v.location()).Format(time.DateOnly)] += t.N
	}
	long := h.From.Before(h.To.AddDate(0, 0, 1-quietDays))
	for day := h.To; !day.Before(h.From); day = day.AddDate(0, 0, -1) {
		if long && counts[day.Format(time.DateOnly)] == 0 {
			continue
		}
		one := h
		one.From, one.To = day, day
		all = append(all, sum{v.weekday(day), one.Path(), counts[day.Format(time.DateOnly)]})
	}
	return all
}

func most(all []sum) (n int) {
	for _, s := range all {
		n = max(n, s.n)
	}
	return max(n, 1)
}

// weekday is a day by its name and date.
func (v View) weekday(day time.Time) string {
	names := [...]string{"dom", "seg", "ter", "qua", "qui", "sex", "sáb"}
	return v.T(names[day.Weekday()]+", "+day.Format("02/01"), day.Format("Mon, Jan 2"))
}
