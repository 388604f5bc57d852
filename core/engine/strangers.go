package engine

import (
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/extract"
)

// strangers are other people's identities that the links of a message bear. Their links are
// replaced; what else bears them, such as a coupon, must not go out either.
type strangers struct {
	own   []string // the tenant's identities, which are nobody else's
	names []string
	words []string // the words of which names are made
}

func newStrangers(tags []core.Tag) *strangers {
	s := &strangers{}
	for _, tag := range tags {
		for _, value := range tag.Fields {
			// As a link shows it; a template is a link itself.
			s.own = append(s.own, affiliate.Bearers("?tag="+value)...)
			s.own = append(s.own, affiliate.Bearers(value)...)
		}
	}
	return s
}

// note learns whose a link of the message is, or one that it leads to.
func (s *strangers) note(link string) {
	for _, name := range affiliate.Bearers(link) {
		if !slices.Contains(s.own, name) && !slices.Contains(s.names, name) {
			s.names, s.words = append(s.names, name), append(s.words, extract.NameWords(name)...)
		}
	}
}

// in says whether a finished text shows one of them.
func (s *strangers) in(text string) bool {
	return affiliate.Bears(text, s.names)
}

// hasCoupon says whether a coupon bears the name of the group it was posted in, or of
// somebody whose links are posted with it: then it is its owner's, and pays or counts for
// them.
func (s *strangers) hasCoupon(coupon string, source core.Source) bool {
	coupon = strings.ToLower(coupon)
	words := slices.Concat(extract.NameWords(source.Label), extract.NameWords(source.Name), s.words)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(coupon, word) })
}
