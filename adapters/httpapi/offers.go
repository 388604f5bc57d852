package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// reasonResponse says why, to programs and to people.
type reasonResponse struct {
	Code   string `json:"code" example:"no_tag" doc:"For programs"`
	Detail string `json:"detail" doc:"The same for people"`
}

type linkResponse struct {
	Original   string          `json:"original" doc:"As it stood in the source message"`
	Final      *string         `json:"final" doc:"Null when held or dropped"`
	Store      *string         `json:"store" doc:"The slug of the store; null when it is none we know"`
	ProductKey *string         `json:"product_key" doc:"The same product has the same key, whatever the link"`
	Action     string          `json:"action" enum:"rewrite,keep,drop,hold" doc:"rewrite: replaced by the tenant's own; keep: the tenant's own already; drop: removed with its line; hold: why the offer is held"`
	Reason     *reasonResponse `json:"reason" doc:"Why it was held or dropped"`
}

type deliveryResponse struct {
	ID            string     `json:"id"`
	OfferID       string     `json:"offer_id"`
	DestinationID string     `json:"destination_id"`
	GroupID       string     `json:"destination_group_id" doc:"The group's address in WhatsApp"`
	State         string     `json:"state" enum:"pending,dispatching,sent,ambiguous,unconfirmed,failed,expired,cancelled" doc:"ambiguous: the provider gave no clear answer, it is being checked; unconfirmed: it may or may not have arrived, look in the group before retrying"`
	Reason        *string    `json:"reason" doc:"Why it waits, ended or is in doubt, for programs"`
	Detail        *string    `json:"detail" doc:"The same for people"`
	Text          string     `json:"text" doc:"What will be, or was, sent; byte for byte"`
	MessageID     *string    `json:"message_id" doc:"The message's id in WhatsApp, once known"`
	Attempt       int        `json:"attempt" doc:"Sends so far"`
	WithoutMedia  bool       `json:"without_media" doc:"The text went alone, because the media could not be had"`
	NotBefore     *time.Time `json:"not_before" doc:"Not sent before that; null for at once"`
	SentAt        *time.Time `json:"sent_at" doc:"When the provider accepted it"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

// Facts is the part of several answers that says what a text says about its offer. It is
// exported because the schema is made of exported fields only.
type Facts struct {
	PriceCents     *int64   `json:"price_cents" doc:"Null when the text names no clear price"`
	ListPriceCents *int64   `json:"list_price_cents" doc:"The higher price it is said to have cost before; null when unclear"`
	Discount       *int     `json:"discount_percent" doc:"Null when unclear"`
	Coupons        []string `json:"coupons" nullable:"false" doc:"Codes found in the text"`
	FreeShipping   bool     `json:"free_shipping"`
	AppOnly        bool     `json:"app_only" doc:"The offer holds in the store's app only"`
	CouponOnly     bool     `json:"coupon_only" doc:"The text offers a coupon and no product"`
	SoldOut        bool     `json:"sold_out"`
}

func factsOf(f core.Facts) Facts {
	out := Facts{
		PriceCents: centsOf(f.Price), ListPriceCents: centsOf(f.ListPrice), Coupons: append([]string{}, f.Coupons...),
		FreeShipping: f.FreeShipping, AppOnly: f.AppOnly, CouponOnly: f.CouponOnly, SoldOut: f.SoldOut,
	}
	if f.Discount > 0 {
		out.Discount = &f.Discount
	}
	return out
}

type offerResponse struct {
	ID        string  `json:"id"`
	Status    string  `json:"status" enum:"held,pending,sent,discarded" doc:"held: nothing goes out; pending: something waits or is in doubt; sent: reached a group and nothing waits; discarded: ended without reaching any"`
	StoreSlug *string `json:"store_slug" doc:"The main product's store"`
	ProductID *string `json:"product_unique_id" doc:"The main product's key"`
	Price     *string `json:"price" example:"R$ 1.299,90" doc:"The price as Brazilians write it"`
	Facts
	SubID         string             `json:"sub_id" example:"o0a1b2c3d" doc:"Names this offer in programmes' reports when sub_ids is on"`
	SourceGroupID string             `json:"source_group_id" doc:"The group's address in WhatsApp"`
	SourceName    *string            `json:"source_name" doc:"The source's label at the time"`
	RawText       string             `json:"raw_text" doc:"What came in"`
	MonetizedText *string            `json:"monetized_text" doc:"Null when held"`
	Links         []linkResponse     `json:"links" nullable:"false" doc:"Every link of the text, before and after"`
	Hold          *reasonResponse    `json:"hold" doc:"Why nothing goes out; null when it is not held"`
	SourceSentAt  time.Time          `json:"source_sent_at" doc:"When the source message was written"`
	CreatedAt     time.Time          `json:"created_at"`
	SentAt        *time.Time         `json:"sent_at" doc:"When it first reached a group"`
	Deliveries    []deliveryResponse `json:"deliveries" nullable:"false" doc:"One per destination"`
}

type offersInput struct {
	Status string `query:"status" enum:"held,pending,sent,discarded" doc:"Only offers with this status"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type offersResponse struct {
	Items      []offerResponse `json:"items" nullable:"false"`
	NextCursor *string         `json:"next_cursor" doc:"Null on the last page"`
}

type previewInput struct {
	Body struct {
		Text string `json:"text" minLength:"1" doc:"A message as it would come from a source group"`
	} `nameHint:"PreviewRequest"`
}

type previewResponse struct {
	Outcome string           `json:"outcome" enum:"post,hold" doc:"Whether it would be posted"`
	Text    string           `json:"text" doc:"What would be posted; empty when held"`
	Reasons []reasonResponse `json:"reasons" nullable:"false" doc:"Why it would be held"`
	Links   []linkResponse   `json:"links" nullable:"false"`
	Facts
}

func (s *server) registerOffers() {
	handle(s, operation{
		method: http.MethodGet, path: "/offers", id: "list-offers", tag: "offers",
		summary: "List my offers", description: "Newest first, with their deliveries. Follow next_cursor for older ones.",
		errors: []int{http.StatusBadRequest},
	}, s.listOffers)
	handle(s, operation{
		method: http.MethodGet, path: "/offers/{id}", id: "get-offer", tag: "offers",
		summary: "Show an offer", description: "With its links before and after, its deliveries and the reason for every hold.",
		errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, c caller, in *idInput) (offerResponse, error) {
		id, err := parseID[core.OfferID](in.ID)
		if err != nil {
			return offerResponse{}, err
		}
		offer, err := c.Offer(ctx, id)
		return offerOf(c.language, offer), err
	})
	handle(s, operation{
		method: http.MethodPost, path: "/deliveries/{id}/retry", id: "retry-delivery", tag: "offers",
		summary:     "Send a delivery again",
		description: "For a delivery that failed or could not be confirmed; the latter may then appear twice. Any other state is 409.",
		errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, deliveryAction((*engine.Tenant).RetryDelivery))
	handle(s, operation{
		method: http.MethodPost, path: "/deliveries/{id}/cancel", id: "cancel-delivery", tag: "offers",
		summary: "Cancel a delivery", description: "For a delivery that still waits. Any other state is 409.",
		errors: []int{http.StatusNotFound, http.StatusConflict},
	}, deliveryAction((*engine.Tenant).CancelDelivery))
	handle(s, operation{
		method: http.MethodPost, path: "/links/preview", id: "preview", tag: "offers",
		summary:     "Show what would be posted",
		description: "Judges and rewrites a text with my tags, without storing or sending anything. Short links are resolved.",
		errors:      []int{http.StatusBadRequest},
	}, preview)
}

func (s *server) listOffers(ctx context.Context, c caller, in *offersInput) (offersResponse, error) {
	before, err := openCursor[core.OfferID](s, c.account.ID, "offers "+in.Status, in.Cursor)
	if err != nil {
		return offersResponse{}, err
	}
	// One more than asked for tells whether there is another page.
	offers, err := c.Offers(ctx, repository.OfferQuery{
		Status: core.OfferStatus(in.Status), Before: before, Limit: in.Limit + 1,
	})
	if err != nil {
		return offersResponse{}, err
	}
	var out offersResponse
	if len(offers) > in.Limit {
		offers = offers[:in.Limit]
		next := sealCursor(s, c.account.ID, "offers "+in.Status, offers[in.Limit-1].ID)
		out.NextCursor = &next
	}
	out.Items = each(offers, func(o core.Offer) offerResponse { return offerOf(c.language, o) })
	return out, nil
}

// deliveryAction is the handler of a person's decision about one delivery.
func deliveryAction(act func(*engine.Tenant, context.Context, core.DeliveryID) (core.Delivery, error)) func(context.Context, caller, *idInput) (deliveryResponse, error) {
	return func(ctx context.Context, c caller, in *idInput) (deliveryResponse, error) {
		id, err := parseID[core.DeliveryID](in.ID)
		if err != nil {
			return deliveryResponse{}, err
		}
		delivery, err := act(c.Tenant, ctx, id)
		return deliveryOf(c.language, delivery), err
	}
}

func preview(ctx context.Context, c caller, in *previewInput) (previewResponse, error) {
	p, err := c.Preview(ctx, in.Body.Text)
	if err != nil {
		return previewResponse{}, err
	}
	return previewResponse{
		Outcome: p.Outcome, Text: p.Text,
		Reasons: each(p.Reasons, func(h core.Hold) reasonResponse { return reasonOf(c.language, h) }),
		Links:   each(p.Links, func(l core.Link) linkResponse { return linkOf(c.language, l) }),
		Facts:   factsOf(p.Facts),
	}, nil
}

func reasonOf(l core.Language, h core.Hold) reasonResponse {
	return reasonResponse{Code: string(h.Reason), Detail: h.Sentence(l)}
}

func linkOf(l core.Language, link core.Link) linkResponse {
	out := linkResponse{
		Original: link.Original, Final: optional(link.Final), Store: optional(link.Store),
		ProductKey: optional(link.ProductKey), Action: string(link.Action),
	}
	if link.Hold.Reason != "" {
		reason := reasonOf(l, link.Hold)
		out.Reason = &reason
	}
	return out
}

func deliveryOf(l core.Language, d core.Delivery) deliveryResponse {
	out := deliveryResponse{
		ID: string(d.ID), OfferID: string(d.OfferID), DestinationID: string(d.DestinationID), GroupID: string(d.Chat),
		State: string(d.State), Text: d.Text, MessageID: optional(string(d.MessageID)), Attempt: d.Attempt,
		WithoutMedia: d.WithoutMedia, NotBefore: optionalTime(d.NotBefore), SentAt: optionalTime(d.SentAt),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	if d.Reason != "" {
		out.Reason, out.Detail = optional(string(d.Reason)), optional(d.Reason.Sentence(l, d.Detail))
	}
	return out
}

func offerOf(l core.Language, o core.Offer) offerResponse {
	out := offerResponse{
		ID: string(o.ID), Status: string(o.Status()), StoreSlug: optional(o.Store), ProductID: optional(o.ProductKey),
		Facts: factsOf(o.Facts), Price: optional(o.Price.String()), SubID: core.OfferSubID(o.InboxID),
		SourceGroupID: string(o.Source.Chat), SourceName: optional(o.SourceName),
		RawText: o.Text, MonetizedText: optional(o.FinalText), SourceSentAt: o.SentAt, CreatedAt: o.CreatedAt,
		Links:      each(o.Links, func(link core.Link) linkResponse { return linkOf(l, link) }),
		Deliveries: each(o.Deliveries, func(d core.Delivery) deliveryResponse { return deliveryOf(l, d) }),
	}
	if o.Hold != nil {
		hold := reasonOf(l, *o.Hold)
		out.Hold = &hold
	}
	for _, d := range o.Deliveries {
		if !d.SentAt.IsZero() && (out.SentAt == nil || d.SentAt.Before(*out.SentAt)) {
			out.SentAt = optionalTime(d.SentAt)
		}
	}
	return out
}

func centsOf(p core.Price) *int64 {
	if !p.Known() {
		return nil
	}
	return &p.Cents
}
