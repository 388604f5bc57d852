package affiliate

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/autopromo-cloud/autopromo/core"
)

// CheckTag returns tag as it is to be stored: its store is known, its marketplace is filled
// in, and every field is one the store knows and well formed. Values are not trimmed or
// otherwise repaired. The error is a *core.Error with [core.CodeInvalid] that names the
// field: "store_slug", "marketplace", "tag_code" for the main field or "fields.<name>".
func (r *Registry) CheckTag(tag core.Tag) (core.Tag, error) {
	s, ok := r.Store(tag.Store)
	if !ok || !Convertible(s) {
		return core.Tag{}, core.InvalidField("store_slug", core.ReasonUnknownStore, tag.Store)
	}
	if len(s.Fields()) == 0 {
		return core.Tag{}, core.InvalidField("store_slug", core.ReasonTagByNetwork, strings.Join(s.Hosts()[:min(1, len(s.Hosts()))], ""))
	}
	markets := s.Marketplaces()
	_, network := s.(Network)
	switch {
	case tag.Marketplace == "" && len(markets) > 0:
		tag.Marketplace = markets[0]
	case network && !r.isPayable(tag.Marketplace):
		return core.Tag{}, core.InvalidField("marketplace", core.ReasonTagMarketplace, "loja.com.br")
	case network:
	case tag.Marketplace != "" && !slices.Contains(markets, tag.Marketplace):
		detail := "marketplace"
		if len(markets) > 0 {
			detail += " (ex.: " + markets[0] + ")"
		}
		return core.Tag{}, core.InvalidField("marketplace", core.ReasonTagField, detail)
	}
	fields := make(map[string]string, len(tag.Fields))
	for _, f := range s.Fields() {
		value := tag.Fields[f.Name]
		switch {
		case value == "" && f.Required:
			return core.Tag{}, core.InvalidField(fieldPath(f), core.ReasonTagFieldMissing, fieldDetail(f))
		case value == "":
		case !f.accepts(value):
			return core.Tag{}, core.InvalidField(fieldPath(f), core.ReasonTagField, fieldDetail(f))
		default:
			fields[f.Name] = value
		}
	}
	for _, name := range sortedKeys(tag.Fields) {
		if !slices.ContainsFunc(s.Fields(), func(f Field) bool { return f.Name == name }) {
			return core.Tag{}, core.InvalidField("fields."+name, core.ReasonTagField, name)
		}
	}
	tag.Fields = fields
	if s, ok := s.(completer); ok {
		if missing := s.Missing(tag); missing != "" {
			return core.Tag{}, core.InvalidField("fields."+missing, core.ReasonTagFieldMissing, missing)
		}
	}
	return tag, nil
}

// completer is a Store some of whose fields are needed only beside, or without, others.
type completer interface {
	// Missing names the field that tag lacks, "" when it is complete.
	Missing(tag core.Tag) string
}

// IsSite accepts a domain on the public internet, in lower case, as "casasbahia.com.br" or
// one below it: a whole suffix such as "com.br", or "github.io" under which everybody has
// a site, would let a tag claim everybody's pages.
func IsSite(domain string) bool {
	host, ok := parseHost(domain)
	if !ok || host != domain {
		return false
	}
	suffix, listed := publicsuffix.PublicSuffix(host)
	return suffix != host && (listed || strings.Contains(suffix, "."))
}

// isPayable says whether a network can pay for a domain: a merchant's, without "www.", and
// no redirector's, network's or builder's of other people's shops.
func (r *Registry) isPayable(domain string) bool {
	if !IsSite(domain) || strings.HasPrefix(domain, "www.") || hostsShops(domain) ||
		hostObjection(URL{Host: domain}, domain) != "" {
		return false
	}
	s := r.at(domain)
	_, network := s.(Network)
	return s == nil || !network && Convertible(s)
}

// hostsShops knows domains below which everybody can have a shop or a page. Those that the
// public suffix list has need not be here.
func hostsShops(domain string) bool {
	switch domain {
	case "lojavirtualnuvem.com.br", "nuvemshop.com.br", "mitiendanube.com", "tiendanube.com", "lojaintegrada.com.br",
		"commercesuite.com.br", "tray.com.br", "wordpress.com", "blogspot.com", "wixsite.com", "webnode.com.br",
		"yampi.com.br", "cartpanda.com", "vtexcommercestable.com.br", "myvtex.com", "bagy.com.br", "vendizap.com",
		"carrd.co", "canva.site", "notion.site", "myshopify.com":
		return true
	}
	return false
}

func (f Field) accepts(value string) bool {
	if f.Check != nil {
		return f.Check(value)
	}
	return allBytes(value, 1, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' })
}

func fieldPath(f Field) string {
	if f.Main {
		return "tag_code"
	}
	return "fields." + f.Name
}

func fieldDetail(f Field) string {
	if f.Example == "" {
		return f.Name
	}
	return f.Name + " (ex.: " + f.Example + ")"
}

// sortedKeys makes the reported field the same each time.
func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
