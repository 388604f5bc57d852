package console

import (
	"cmp"
	"slices"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

// Shop is a store with the tenant's tags there.
type Shop struct {
	affiliate.Store
	Tags []core.Tag
}

// Shops pairs the stores a tag can be given for with the tenant's tags; those with one come
// first, otherwise the order stays.
func Shops(stores []affiliate.Store, tags []core.Tag) []Shop {
	var all []Shop
	for _, store := range stores {
		if !affiliate.Convertible(store) || len(store.Fields()) == 0 {
			continue
		}
		shop := Shop{Store: store}
		for _, tag := range tags {
			if tag.Store == store.Slug() {
				shop.Tags = append(shop.Tags, tag)
			}
		}
		all = append(all, shop)
	}
	slices.SortStableFunc(all, func(a, b Shop) int { return cmp.Compare(min(len(b.Tags), 1), min(len(a.Tags), 1)) })
	return all
}

// network says whether the store pays for other merchants, with a tag for each.
func (s Shop) network() bool { _, ok := s.Store.(affiliate.Network); return ok }

// severalTags says whether a tenant can have more than one tag here.
func (s Shop) severalTags() bool { return s.network() || len(s.Marketplaces()) > 1 }

// main is what the tag is known by: its main field.
func (s Shop) main(t core.Tag) string {
	for _, f := range s.Fields() {
		if f.Main && !f.Secret {
			return t.Fields[f.Name]
		}
	}
	return ""
}

// TagForm is the form of one tag: a new one when its ID is empty.
type TagForm struct {
	ID core.TagID
	Form
}

// EditTag is the form of a stored tag. Secret fields are not in it.
func (s Shop) EditTag(t core.Tag) TagForm {
	f := TagForm{ID: t.ID, Form: Form{Values: map[string]string{"marketplace": t.Marketplace}}}
	for _, field := range s.Fields() {
		if !field.Secret {
			f.Values["f."+field.Name] = t.Fields[field.Name]
		}
	}
	return f
}

// key tells the fields of several forms on one page apart.
func (f TagForm) key(name string) string { return cmp.Or(string(f.ID), "new") + "-" + name }
