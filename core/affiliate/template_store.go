package affiliate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// TemplateOptions describe a store of the operator's own: a merchant, and how its programme
// wants links to look.
type TemplateOptions struct {
	// Slug and Name are those of the [Store]: lower-case letters, digits and "-", and any
	// text.
	Slug, Name string
	// Domains are the merchant's, such as "loja.com.br", each with its www and the like.
	Domains []string
	// Template is the programme's link: https, with {id} for the tenant's identity, {url}
	// for the percent-encoded address of the page and, where the programme has one, {sub}
	// for the sub-id. Each is the whole value of a parameter; {url} may also end the path,
	// and {id} be a segment of it.
	Template string
	// IDName is the name of the tag's one field, "" for "id". IDExample is a value of it:
	// letters, digits and, inside, "-", "_" and ".".
	IDName, IDExample string
	// Keep are the parameters that the merchant's pages need to keep.
	Keep []string
	// Help says where a marketer finds the value, per language; it may be nil.
	Help map[core.Language]string
}

// NewTemplate returns the store that o describes, to be registered beside [Builtin]. Its
// links carry the tenant's id and the merchant's page without its query. The error names
// the option that is wrong.
func NewTemplate(o TemplateOptions) (Store, error) {
	if o.IDName == "" {
		o.IDName = "id"
	}
	wrong := func(option string) (Store, error) {
		return nil, fmt.Errorf("affiliate: template store %q: invalid %s", o.Slug, option)
	}
	switch {
	case !allBytes(o.Slug, 2, 32, func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c == '-' }):
		return wrong("Slug")
	case o.Name == "":
		return wrong("Name")
	case len(o.Domains) == 0 || slices.ContainsFunc(o.Domains, func(d string) bool { return !IsSite(d) }):
		return wrong("Domains")
	case !isLinkTemplate(o.Template, true):
		return wrong("Template")
	case !allBytes(o.IDName, 1, 32, func(c byte) bool { return isAlnum(c) || c == '_' }):
		return wrong("IDName")
	case o.IDExample != "" && !isTemplateID(o.IDExample):
		return wrong("IDExample")
	}
	if _, ok := keptNames(strings.Join(o.Keep, ",")); !ok {
		return wrong("Keep")
	}
	o.Domains, o.Keep = slices.Clone(o.Domains), slices.Clone(o.Keep)
	return templateStore{o}, nil
}

// templateStore is the store that NewTemplate makes of its options.
type templateStore struct{ o TemplateOptions }

func (s templateStore) Slug() string           { return s.o.Slug }
func (s templateStore) Name() string           { return s.o.Name }
func (s templateStore) Hosts() []string        { return slices.Clone(s.o.Domains) }
func (s templateStore) Marketplaces() []string { return nil }

func (s templateStore) Fields() []Field {
	return []Field{{Name: s.o.IDName, Main: true, Required: true, Example: s.o.IDExample, Check: isTemplateID, Help: s.o.Help}}
}

// isTemplateID keeps marks off the ends: an id may be a segment of a path, where dots would
// walk, or the end of a link, where messages cut punctuation off.
func isTemplateID(v string) bool {
	return (Field{}).accepts(v) && isAlnum(v[0]) && isAlnum(v[len(v)-1])
}

// Classify takes every page but the first as a product: nothing more is known of the
// merchant.
func (s templateStore) Classify(u URL) (Target, bool) {
	page, err := s.clean(Target{Kind: Unknown, URL: u.String()}, u.Host)
	if err != nil {
		reason := core.ReasonLinkNotProduct
		var held *core.Error
		if errors.As(err, &held) {
			reason = held.Reason
		}
		return refuse(s.o.Slug, reason, u.Host), true
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(page, "https://"), "/")
	path, query, hasQuery := strings.Cut(path, "?")
	key := s.o.Slug + ":/" + strings.TrimSuffix(path, "/")
	if hasQuery {
		key += "?" + query
	}
	return Target{Kind: Product, Store: s.o.Slug, ProductKey: key, URL: page}, true
}

// clean returns the clean address of a page of the merchant's on host.
func (s templateStore) clean(t Target, host string) (string, error) {
	i := slices.IndexFunc(s.o.Domains, func(d string) bool { return hostWithin(host, d) })
	if i < 0 {
		return "", core.NewError(core.CodePrecondition, core.ReasonLinkUnknownStore, host)
	}
	return cleanDestination(t, s.o.Domains[i], s.o.Keep...)
}

// Rewrite implements [Store].
func (s templateStore) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	u, err := Parse(t.URL)
	if err != nil {
		return "", err
	}
	page, err := s.clean(t, u.Host)
	if err != nil {
		return "", err
	}
	return fillTemplate(s.o.Template, tag.Fields[s.o.IDName], page, sub), nil
}

// Verify implements [Store].
func (s templateStore) Verify(u URL, tag core.Tag, sub core.SubID) error {
	dest, ours := templateDestination(u, s.o.Template, tag.Fields[s.o.IDName], sub)
	if !ours || !slices.ContainsFunc(s.o.Domains, func(d string) bool { return provenDestination(dest, d, s.o.Keep...) }) {
		return errIdentity
	}
	return nil
}
