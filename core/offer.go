package core

import (
	"fmt"
	"time"
)

// Price is an amount in centavos. The zero Price means that no price is known: an unclear
// price is no price.
type Price struct{ Cents int64 }

// Known says whether there is a price.
func (p Price) Known() bool { return p.Cents > 0 }

// String shows the price the Brazilian way, such as "R$ 1.299,90", or "" when unknown.
func (p Price) String() string {
	if !p.Known() {
		return ""
	}
	whole := fmt.Sprint(p.Cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "." + whole[i:]
	}
	return fmt.Sprintf("R$ %s,%02d", whole, p.Cents%100)
}

// Facts is what a text says about its offer. What it leaves unclear is not there.
type Facts struct {
	// Price is what the product costs, the Pix price before the card's.
	Price Price
	// ListPrice is the higher price it is said to have cost before.
	ListPrice Price
	// Discount is the percentage off: as stated, else from the two prices; 0 when unknown.
	Discount int
	// Coupons are the codes to type in, in order, each once.
	Coupons []string
	// FreeShipping says that delivery costs nothing, AppOnly that the offer holds in the
	// store's app only.
	FreeShipping, AppOnly bool
	// CouponOnly says that the text offers a coupon and no product.
	CouponOnly bool
	// SoldOut says that the text declares the offer over.
	SoldOut bool
}

// Hold says that something must not go out, and why.
type Hold struct {
	Reason Reason
	Detail string // fills the {detail} of the sentence: a store, a host; never a secret
}

// Sentence says the hold to a person.
func (h Hold) Sentence(l Language) string { return h.Reason.Sentence(l, h.Detail) }

// LinkAction is what was done with one link of a text.
type LinkAction string

// The actions on a link.
const (
	LinkRewritten LinkAction = "rewrite" // replaced by the tenant's own
	LinkKept      LinkAction = "keep"    // already the tenant's own
	LinkDropped   LinkAction = "drop"    // removed with its line
	LinkHeld      LinkAction = "hold"    // the reason the offer is held
)

// Link is one link of an offer, before and after.
type Link struct {
	Original   string
	Final      string // "" when held or dropped
	Store      string
	ProductKey string
	Action     LinkAction
	Hold       Hold // set when Action is LinkHeld or LinkDropped
}

// Offer is a message judged to sell something.
type Offer struct {
	ID         OfferID
	InboxID    InboxID
	InstanceID InstanceID
	Source     MessageKey
	// SourceName is the label of the source group at the time.
	SourceName string
	// Text is what came in, FinalText what goes out ("" when held).
	Text      string
	FinalText string
	Links     []Link
	// ProductKey identifies the main product, such as "amazon:amazon.com.br:B0…"; "" when
	// there is none.
	ProductKey string
	Store      string
	Facts
	Media *Media
	// Hold is nil unless the whole offer is held.
	Hold *Hold
	// SentAt is when the source message was written.
	SentAt     time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Deliveries []Delivery
}

// OfferStatus sums an offer up for people.
type OfferStatus string

// The statuses of an offer.
const (
	OfferHeld      OfferStatus = "held"      // nothing will go out as it stands
	OfferPending   OfferStatus = "pending"   // something still waits or is in doubt
	OfferSent      OfferStatus = "sent"      // it reached, or may have reached, a group and nothing waits
	OfferDiscarded OfferStatus = "discarded" // ended without reaching any group
)

// Status derives the offer's status from its hold and deliveries.
func (o Offer) Status() OfferStatus {
	if o.Hold != nil {
		return OfferHeld
	}
	status := OfferDiscarded
	for _, d := range o.Deliveries {
		switch d.State {
		case DeliveryPending, DeliveryDispatching, DeliveryAmbiguous:
			return OfferPending
		case DeliverySent, DeliveryUnconfirmed:
			status = OfferSent
		}
	}
	return status
}
