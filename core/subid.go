package core

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// SubID marks a link so that a programme's report tells which destination group and which
// offer earned a commission. The zero SubID marks nothing.
type SubID struct {
	// Group names the destination, Offer the source message. Both are a letter and eight
	// lower-case letters and digits: programmes accept little else.
	Group, Offer string
}

// NewSubID returns the sub-id of an offer in a destination. It depends on the ids alone, so
// that processing a message again gives the same links.
func NewSubID(d DestinationID, i InboxID) SubID {
	return SubID{Group: GroupSubID(d), Offer: OfferSubID(i)}
}

// GroupSubID is the part of a sub-id that names a destination.
func GroupSubID(d DestinationID) string { return "g" + shortHash(string(d)) }

// OfferSubID is the part of a sub-id that names the message an offer was made from.
func OfferSubID(i InboxID) string { return "o" + shortHash(string(i)) }

// String joins the parts, as programmes with a single sub-id get it; "" for the zero SubID.
func (s SubID) String() string { return s.Group + s.Offer }

// shortHash is 40 bits of a hash as eight characters: one tenant's groups and offers do not
// collide, and nothing about the id can be read from it.
func shortHash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return strings.ToLower(base32.HexEncoding.EncodeToString(sum[:5]))
}
