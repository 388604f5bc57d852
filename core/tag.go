package core

import "time"

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
