package core

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Tag is a tenant's affiliate identity at one store, and at one marketplace of it where
// the programme pays per country.
type Tag struct {
	ID    TagID
	Store string // store slug, such as "amazon"
	// Marketplace is "" for stores with one programme; for Amazon it is the domain, such
	// as "amazon.com.br".
	Marketplace string
	// Fields are the parts of the identity by name, such as matt_word and matt_tool.
	Fields    map[string]string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Print is a fingerprint of the identity: store, marketplace and every field. It changes
// with each of them and tells nothing about secret ones.
func (t Tag) Print() string {
	names := make([]string, 0, len(t.Fields))
	for name := range t.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, part := range append([]string{t.Store, t.Marketplace}, names...) {
		h.Write([]byte(part + "\x00" + t.Fields[part] + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MintedLink is a link that a store's own API made for a tenant. Nothing in the link itself
// shows whose it is, so this record is the proof.
type MintedLink struct {
	Link  string // as the API answered
	Store string // slug
	// Target is the clean address it was made for, TagPrint the [Tag.Print] of the identity
	// whose credentials asked for it, SubID what was asked to be reported.
	Target   string
	TagPrint string
	SubID    SubID
	// ProductKey is the product behind it, "" for a page.
	ProductKey string
	CreatedAt  time.Time
}
