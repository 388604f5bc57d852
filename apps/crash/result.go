package main

import (
	"fmt"
	"strings"
)

// result is what a scenario came to. One message that is due in one group is one delivery.
type result struct {
	Profile  string `json:"profile"`
	Scenario string `json:"scenario"`
	// Messages were written, Due deliveries follow from them.
	Messages int `json:"messages"`
	Due      int `json:"due"`
	// Kills are processes and servers that were killed.
	Kills int `json:"kills"`
	// Posted deliveries were posted once, Lost ones never and nobody knows, Duplicated ones
	// more than once.
	Posted     int `json:"posted"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	// Foreign posts bear another identity than their group's owner's, or are nobody's.
	Foreign int `json:"foreign"`
	// Ambiguous deliveries had an attempt whose outcome was unknown; Reconciled ones of them
	// were proven sent; Unconfirmed ones were parked for a person, of which Really were
	// posted.
	Ambiguous   int `json:"ambiguous"`
	Reconciled  int `json:"reconciled"`
	Unconfirmed int `json:"unconfirmed"`
	Really      int `json:"unconfirmed_really_posted"`
	// InFlight is the most sends of one session at once, as the provider saw them.
	InFlight int `json:"in_flight"`
	// Seconds is how long the scenario took, with its judgement.
	Seconds float64 `json:"seconds"`
	// Note says what else was measured; Broken what must not be.
	Note   string `json:"note,omitempty"`
	Broken string `json:"broken,omitempty"`

	why string // one of them is lost
}

func (r *result) add(o result) {
	r.Messages += o.Messages
	r.Due += o.Due
	r.Kills += o.Kills
	r.Posted += o.Posted
	r.Lost += o.Lost
	r.Duplicated += o.Duplicated
	r.Foreign += o.Foreign
	r.Ambiguous += o.Ambiguous
	r.Reconciled += o.Reconciled
	r.Unconfirmed += o.Unconfirmed
	r.Really += o.Really
	r.Seconds += o.Seconds
	r.InFlight = max(r.InFlight, o.InFlight)
	if o.Broken != "" {
		r.Broken = "in " + o.Scenario
	}
}

func (r result) failed() bool {
	return r.Lost+r.Duplicated+r.Foreign > 0 || r.InFlight > 1 || r.Broken != ""
}

// String is the scenario's line.
func (r result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-11s %-38s messages %5d  due %5d  kills %3d  posted %5d  LOST %d  DOUBLED %d  FOREIGN %d  ambiguous %d  reconciled %d  unconfirmed %d",
		r.Profile, r.Scenario, r.Messages, r.Due, r.Kills, r.Posted, r.Lost, r.Duplicated, r.Foreign, r.Ambiguous, r.Reconciled, r.Unconfirmed)
	if r.Unconfirmed > 0 {
		fmt.Fprintf(&b, " (%d posted, %d not)", r.Really, r.Unconfirmed-r.Really)
	}
	fmt.Fprintf(&b, "  in flight %d  %.0f s", r.InFlight, r.Seconds)
	for _, more := range []string{r.Note, r.Broken} {
		if more != "" {
			b.WriteString("  | " + more)
		}
	}
	return b.String()
}
