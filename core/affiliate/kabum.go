package affiliate

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// KaBuM is KaBuM!. It has no programme of its own; a [Network], as a rule Awin, pays for its
// products.
type KaBuM struct{ unpaid }

// Slug implements [Store].
func (KaBuM) Slug() string { return "kabum" }

// Name implements [Store].
func (KaBuM) Name() string { return "KaBuM!" }

// Hosts implements [Store].
func (KaBuM) Hosts() []string { return []string{"kabum.com.br", "kb.um"} }

// Classify implements [Store].
func (KaBuM) Classify(u URL) (Target, bool) {
	switch u.Host {
	case "kb.um", "www.kb.um":
		if t, ok := shortLink("kabum", u); ok {
			return t, true
		}
	case "kabum.com.br", "www.kabum.com.br", "m.kabum.com.br":
		parts, clean := segments(u.Path)
		if !clean {
			return refuse("kabum", core.ReasonLinkDeceptive, u.Host), true
		}
		if id, ok := produtoDigits(parts); ok {
			t := merchantProduct("kabum", id, "www.kabum.com.br", parts)
			if strings.HasSuffix(u.Path, "/") {
				t.URL += "/" // as the shop writes it; without it one more redirect
			}
			return t, true
		}
	}
	return refuse("kabum", core.ReasonLinkNotProduct, u.Host), true
}
