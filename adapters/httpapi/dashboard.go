package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

type statsResponse struct {
	TotalQueue   int            `json:"total_queue" doc:"Deliveries that wait"`
	SentToday    int            `json:"sent_today" doc:"Since midnight in the tenant's time zone"`
	ActiveGroups int            `json:"active_groups" doc:"Active sources and destinations"`
	ActiveTags   int            `json:"active_tags" doc:"Stores with a tag"`
	Offers       int            `json:"offers" doc:"All offers so far"`
	Held         int            `json:"held" doc:"Offers held as a whole"`
	HeldByReason []heldResponse `json:"held_by_reason" nullable:"false" doc:"The most frequent reason first"`
	CancelledBy  []heldResponse `json:"cancelled_by_reason" nullable:"false" doc:"The same for single deliveries that were cancelled"`
	SkippedBy    []heldResponse `json:"skipped_by_reason" nullable:"false" doc:"The same for messages that were no offer"`
	Deliveries   map[string]int `json:"deliveries" doc:"By state, over all time"`
	Inbox        map[string]int `json:"inbox" doc:"Messages of the watched groups by state, over all time"`
	NextSendAt   *time.Time     `json:"next_send_at" doc:"When the next message may go out"`
}

type heldResponse struct {
	Code   string `json:"code" doc:"The reason, for programs"`
	Detail string `json:"detail" doc:"The same for people"`
	Count  int    `json:"count" doc:"How often"`
}

type recentInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"10"`
}

func (s *server) registerDashboard() {
	handle(s, operation{
		method: http.MethodGet, path: "/dashboard/stats", id: "stats", tag: "dashboard",
		summary: "Show my numbers", description: "What waits, what went out today, and what is held and why.",
	}, stats)
	handle(s, operation{
		method: http.MethodGet, path: "/dashboard/recent-offers", id: "recent-offers", tag: "dashboard",
		summary: "List my latest offers", description: "The same objects as GET /offers, as a plain list.",
	}, recentOffers)
}

func stats(ctx context.Context, c caller, _ *none) (statsResponse, error) {
	st, err := c.Stats(ctx)
	if err != nil {
		return statsResponse{}, err
	}
	out := statsResponse{
		TotalQueue: st.Deliveries[core.DeliveryPending], SentToday: st.SentToday,
		ActiveGroups: st.ActiveSources + st.ActiveDestinations, ActiveTags: st.Tags,
		Offers: st.Offers, Held: st.Held, HeldByReason: tallies(c.language, st.HeldByReason),
		CancelledBy: tallies(c.language, st.CancelledByReason), SkippedBy: tallies(c.language, st.SkippedByReason), Deliveries: map[string]int{},
		Inbox: map[string]int{}, NextSendAt: optionalTime(st.NextSendAt),
	}
	for _, state := range core.DeliveryStates() {
		out.Deliveries[string(state)] = st.Deliveries[state]
	}
	for state, n := range st.Inbox {
		out.Inbox[string(state)] = n
	}
	return out, nil
}

// tallies lists counts by reason, the most frequent first.
func tallies(l core.Language, counts map[core.Reason]int) []heldResponse {
	out := make([]heldResponse, 0, len(counts))
	for reason, n := range counts {
		out = append(out, heldResponse{Code: string(reason), Detail: reason.Sentence(l, ""), Count: n})
	}
	slices.SortFunc(out, func(a, b heldResponse) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	return out
}

func recentOffers(ctx context.Context, c caller, in *recentInput) ([]offerResponse, error) {
	offers, err := c.Offers(ctx, repository.OfferQuery{Limit: in.Limit})
	return each(offers, func(o core.Offer) offerResponse { return offerOf(c.language, o) }), err
}
