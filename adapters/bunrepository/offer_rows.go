package bunrepository

import (
	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// offerRow is a row of offers.
type offerRow struct {
	bun.BaseModel `bun:"table:offers,alias:o"`

	UserID      core.TenantID   `bun:"user_id,pk"`
	ID          core.OfferID    `bun:"id,pk"`
	InboxID     core.InboxID    `bun:"inbox_id"`
	InstanceID  core.InstanceID `bun:"instance_id"`
	ChatJID     core.JID        `bun:"chat_jid"`
	Participant core.JID        `bun:"participant"`
	MessageID   core.MessageID  `bun:"message_id"`
	SourceName  string          `bun:"source_name"`
	Text        string          `bun:"text"`
	FinalText   string          `bun:"final_text"`
	Links       string          `bun:"links"`
	ProductKey  string          `bun:"product_key"`
	Store       string          `bun:"store_slug"`
	PriceCents  int64           `bun:"price_cents"`
	ListPrice   int64           `bun:"list_price_cents"`
	Discount    int             `bun:"discount_percent"`
	Coupons     string          `bun:"coupons"`
	FreeShip    bool            `bun:"free_shipping"`
	AppOnly     bool            `bun:"app_only"`
	CouponOnly  bool            `bun:"coupon_only"`
	SoldOut     bool            `bun:"sold_out"`
	Media       string          `bun:"media,nullzero"`
	HoldReason  core.Reason     `bun:"hold_reason"` // "" when not held
	HoldDetail  string          `bun:"hold_detail"`
	SentAt      int64           `bun:"sent_at"`
	CreatedAt   int64           `bun:"created_at"`
	UpdatedAt   int64           `bun:"updated_at"`
	// TextKey and NearKey are those of the last Save: what Near looks for.
	TextKey string `bun:"text_key"`
	NearKey string `bun:"near_key"`
}

// linkJSON is the stored form of core.Link.
type linkJSON struct {
	Original   string          `json:"original"`
	Final      string          `json:"final,omitempty"`
	Store      string          `json:"store,omitempty"`
	ProductKey string          `json:"product_key,omitempty"`
	Action     core.LinkAction `json:"action"`
	HoldReason core.Reason     `json:"hold_reason,omitempty"`
	HoldDetail string          `json:"hold_detail,omitempty"`
}

func fromLinks(links []core.Link) (string, error) {
	out := make([]linkJSON, 0, len(links))
	for _, l := range links {
		out = append(out, linkJSON{l.Original, l.Final, l.Store, l.ProductKey, l.Action, l.Hold.Reason, l.Hold.Detail})
	}
	return toJSON(out)
}

func toLinks(text string) ([]core.Link, error) {
	var stored []linkJSON
	err := fromJSON(text, &stored)
	var links []core.Link
	for _, l := range stored {
		links = append(links, core.Link{
			Original: l.Original, Final: l.Final, Store: l.Store, ProductKey: l.ProductKey,
			Action: l.Action, Hold: core.Hold{Reason: l.HoldReason, Detail: l.HoldDetail},
		})
	}
	return links, err
}

func (t tenant) fromOffer(o core.Offer) (offerRow, error) {
	row := offerRow{
		UserID: t.id, ID: o.ID, InboxID: o.InboxID, InstanceID: o.InstanceID,
		ChatJID: o.Source.Chat, Participant: o.Source.Participant, MessageID: o.Source.ID,
		SourceName: o.SourceName, Text: o.Text, FinalText: o.FinalText,
		ProductKey: o.ProductKey, Store: o.Store,
		PriceCents: o.Price.Cents, ListPrice: o.ListPrice.Cents, Discount: o.Discount,
		FreeShip: o.FreeShipping, AppOnly: o.AppOnly, CouponOnly: o.CouponOnly, SoldOut: o.SoldOut,
		SentAt: micros(o.SentAt), CreatedAt: micros(o.CreatedAt), UpdatedAt: micros(o.UpdatedAt),
	}
	if o.Hold != nil {
		if o.Hold.Reason == "" {
			// Stored it would read as "not held".
			return row, core.InvalidField("hold", core.ReasonRequired, "hold")
		}
		row.HoldReason, row.HoldDetail = o.Hold.Reason, o.Hold.Detail
	}
	var err error
	if row.Links, err = fromLinks(o.Links); err != nil {
		return row, err
	}
	coupons := o.Coupons
	if coupons == nil {
		coupons = []string{}
	}
	if row.Coupons, err = toJSON(coupons); err != nil {
		return row, err
	}
	row.Media, err = fromMedia(o.Media)
	return row, err
}

// source is the message the offer was made from.
func (r offerRow) source() core.MessageKey {
	return core.MessageKey{Chat: r.ChatJID, Participant: r.Participant, ID: r.MessageID}
}

// with is the offer with its deliveries.
func (r offerRow) with(deliveries []deliveryRow) (core.Offer, error) {
	offer, err := r.toOffer()
	offer.Deliveries = toDeliveries(deliveries)
	return offer, err
}

func (r offerRow) toOffer() (core.Offer, error) {
	o := core.Offer{
		ID: r.ID, InboxID: r.InboxID, InstanceID: r.InstanceID,
		Source:     r.source(),
		SourceName: r.SourceName, Text: r.Text, FinalText: r.FinalText,
		ProductKey: r.ProductKey, Store: r.Store,
		Facts: core.Facts{
			Price: core.Price{Cents: r.PriceCents}, ListPrice: core.Price{Cents: r.ListPrice}, Discount: r.Discount,
			FreeShipping: r.FreeShip, AppOnly: r.AppOnly, CouponOnly: r.CouponOnly, SoldOut: r.SoldOut,
		},
		SentAt: moment(r.SentAt), CreatedAt: moment(r.CreatedAt), UpdatedAt: moment(r.UpdatedAt),
	}
	if r.HoldReason != "" {
		o.Hold = &core.Hold{Reason: r.HoldReason, Detail: r.HoldDetail}
	}
	var err error
	if o.Links, err = toLinks(r.Links); err != nil {
		return core.Offer{}, err
	}
	if err = fromJSON(r.Coupons, &o.Coupons); err != nil {
		return core.Offer{}, err
	}
	if len(o.Coupons) == 0 {
		o.Coupons = nil
	}
	o.Media, err = toMedia(r.Media)
	return o, err
}
