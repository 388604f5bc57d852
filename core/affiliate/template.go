package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Template is the network for everything we do not know: the tenant gives the link their
// programme told them to use, with {url} where the page's address belongs.
type Template struct{}

// Slug implements [Store].
func (Template) Slug() string { return "template" }

// Name implements [Store].
func (Template) Name() string { return "Modelo de link" }

// Hosts implements [Store]: none, because only the tenant knows them. Others' links of such
// a programme stay unknown.
func (Template) Hosts() []string { return nil }

// Marketplaces implements [Store].
func (Template) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Template) Fields() []Field {
	return []Field{{
		Name: "template", Main: true, Required: true,
		Example: "https://rede.example.com/deeplink?id=123&u={url}&s={sub}",
		Check:   func(v string) bool { return isLinkTemplate(v, false) },
		Help: map[core.Language]string{
			core.Portuguese: "O seu link de afiliado para esta loja (deep link), com {url} no lugar do endereço da página e, se o programa tiver, {sub} no lugar do subid.",
			core.English:    "Your affiliate link to this shop (deep link), with {url} in place of the page's address and, where the programme has one, {sub} in place of the sub-id.",
		},
	}, {
		Name: "keep", Example: "cor,skuId",
		Check: func(v string) bool { _, ok := keptNames(v); return ok },
		Help: map[core.Language]string{
			core.Portuguese: "Os parâmetros que as páginas desta loja precisam manter, separados por vírgula, como cor,skuId. Os outros são retirados.",
			core.English:    "The parameters that this shop's pages need to keep, separated by commas, such as cor,skuId. All others are taken off.",
		},
	}}
}

// keptNames reads a list of parameters; ok=false when one is malformed, twice there, or
// one that programmes use.
func keptNames(list string) (names []string, ok bool) {
	if list == "" {
		return nil, true
	}
	names = strings.Split(list, ",")
	seen := map[string]bool{}
	for _, name := range names {
		if !isKeepable(name) || seen[strings.ToLower(name)] || len(names) > 8 {
			return nil, false
		}
		seen[strings.ToLower(name)] = true
	}
	return names, true
}

// Unwrap implements [Network]; a template has no hosts, so nothing is asked of it.
func (Template) Unwrap(URL) (string, bool) { return "", false }

// Classify implements [Store].
func (Template) Classify(URL) (Target, bool) { return Target{}, false }

// Rewrite implements [Store].
func (Template) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	keep, _ := keptNames(tag.Fields["keep"])
	page, err := cleanDestination(t, tag.Marketplace, keep...)
	if err != nil {
		return "", err
	}
	return fillTemplate(tag.Fields["template"], "", page, sub), nil
}

// Verify implements [Store].
func (Template) Verify(u URL, tag core.Tag, sub core.SubID) error {
	var keep []string
	if list := tag.Fields["keep"]; list != "" {
		keep = strings.Split(list, ",")
	}
	dest, ours := templateDestination(u, tag.Fields["template"], "", sub)
	if !ours || !provenDestination(dest, tag.Marketplace, keep...) {
		return errIdentity
	}
	return nil
}

// fillTemplate puts the values in their places, in one pass, so that no value is read as a
// place.
func fillTemplate(template, id, page string, sub core.SubID) string {
	return strings.NewReplacer("{id}", id, "{url}", url.QueryEscape(page), "{sub}", sub.String()).Replace(template)
}

// templateDestination proves that u is template with this id and with exactly sub or no
// sub-id, and returns what stands in the place of {url}.
func templateDestination(u URL, template, id string, sub core.SubID) (encoded string, ok bool) {
	link := u.String()
	for _, mark := range []string{sub.String(), ""} {
		mine := strings.ReplaceAll(strings.ReplaceAll(template, "{id}", id), "{sub}", mark)
		before, after, _ := strings.Cut(mine, "{url}")
		if rest, starts := strings.CutPrefix(link, before); starts && strings.HasPrefix(before, "https://") {
			if encoded, ends := strings.CutSuffix(rest, after); ends {
				return encoded, true
			}
		}
	}
	return "", false
}

// isLinkTemplate checks a template strictly, because what stands in it goes out as it is:
// https on a public host that is no shortener, plain letters only, and {url}, {sub} and, for
// an operator's store, {id} as whole values in known places.
func isLinkTemplate(v string, withID bool) bool {
	rest, secure := strings.CutPrefix(v, "https://")
	i := strings.IndexAny(rest, "/?")
	if !secure || i < 0 || len(v) > 512 || strings.Count(v, "{url}") != 1 || strings.Count(v, "{sub}") > 1 {
		return false
	}
	if ids := strings.Count(v, "{id}"); ids > 1 || (ids == 1) != withID {
		return false
	}
	host := rest[:i]
	path, query, hasQuery := strings.Cut(rest[i:], "?")
	return IsSite(host) && !isShortener(host) && !isForeignChannel(host) &&
		isTemplatePath(path) && (!hasQuery || isTemplateQuery(query)) &&
		isTemplateEnd(v[len(v)-1])
}

// isTemplateEnd keeps punctuation off the end, where messages cut links.
func isTemplateEnd(c byte) bool { return isAlnum(c) || c == '}' || c == '=' || c == '/' }

// isTemplatePath reads segments, in which {url} may be the very last thing and {id} and
// {sub} may follow a "name:" or "name="; {id} may also be a segment.
func isTemplatePath(path string) bool {
	if before, ok := strings.CutSuffix(path, "{url}"); ok {
		if path = before; !strings.HasSuffix(path, "/") && !strings.HasSuffix(path, ":") && !strings.HasSuffix(path, "=") {
			return false
		}
	}
	if strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "{id}" {
			continue
		}
		if before, ok := cutPlace(segment); ok {
			if segment = before; !strings.HasSuffix(segment, ":") && !strings.HasSuffix(segment, "=") {
				return false
			}
		}
		if !isTemplateText(segment) {
			return false
		}
	}
	return true
}

// isTemplateQuery reads "{url}" alone, or parameters of different names whose values are
// plain or exactly one place.
func isTemplateQuery(query string) bool {
	if query == "{url}" {
		return true
	}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		folded := strings.ToLower(name)
		place := value == "{url}" || value == "{sub}" || value == "{id}"
		if name == "" || seen[folded] || !isTemplateText(name) || !place && !isTemplateText(value) {
			return false
		}
		seen[folded] = true
	}
	return true
}

// cutPlace takes an {id} or {sub} off the end of a segment.
func cutPlace(segment string) (before string, ok bool) {
	if before, ok = strings.CutSuffix(segment, "{id}"); ok {
		return before, true
	}
	return strings.CutSuffix(segment, "{sub}")
}

// isTemplateText accepts what needs no escape and what messages keep inside a link.
func isTemplateText(s string) bool {
	return allBytes(s, 0, 512, func(c byte) bool { return isPathByte(c) || strings.IndexByte("=:,;+*", c) >= 0 })
}
