package console

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// Offers is a page of the list of offers.
type Offers struct {
	Status core.OfferStatus // "" for all
	Items  []core.Offer
	Next   string // the cursor of the next page, "" on the last one
	Later  bool   // not the first page
}

// Offer is the page of one offer.
type Offer struct {
	core.Offer
	// Groups names the destinations that still exist.
	Groups map[core.DestinationID]string
	// Prices are the latest offers of the same product, this one among them.
	Prices []core.Offer
}

// priced are the offers of the product whose price is clear, when there is something to
// compare.
func (o Offer) priced() (all []core.Offer) {
	for _, x := range o.Prices {
		if x.Price.Known() {
			all = append(all, x)
		}
	}
	if len(all) < 2 {
		return nil
	}
	return all
}

// dearest is the highest of the prices, cheapest the lowest.
func dearest(all []core.Offer) int64 {
	return slices.MaxFunc(all, func(a, b core.Offer) int { return cmp.Compare(a.Price.Cents, b.Price.Cents) }).Price.Cents
}

func cheapest(all []core.Offer) int64 {
	return slices.MinFunc(all, func(a, b core.Offer) int { return cmp.Compare(a.Price.Cents, b.Price.Cents) }).Price.Cents
}

// Attention is the page of what needs a person.
type Attention struct {
	Held     []Tally
	Offers   []core.Offer // held last
	Dead     []core.InboxEntry
	NextDead string // the cursor of older ones
}

// Preview is the page that tries a text.
type Preview struct {
	Text   string
	Result *engine.Preview // nil until a text was given
	Fault  string
}

// Tally is how often a reason held something.
type Tally struct {
	Reason core.Reason
	N      int
}

// Tallies lists counts by reason, the most frequent first.
func Tallies(counts map[core.Reason]int) []Tally {
	all := make([]Tally, 0, len(counts))
	for reason, n := range counts {
		all = append(all, Tally{reason, n})
	}
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// title is the first line of a text that says something, without WhatsApp's marks.
func title(text string) string {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "http")
		line = strings.TrimSpace(strings.NewReplacer("*", "", "_", "", "~", "", "`", "").Replace(line))
		if line == "" {
			continue
		}
		if utf8.RuneCountInString(line) > 90 {
			line = string([]rune(line)[:89]) + "…"
		}
		return line
	}
	return strings.TrimSpace(text)
}

// span is a piece of a text, marked or not.
type span struct {
	text   string
	marked bool
}

// mark cuts text at every occurrence of the given pieces, of which the longest wins where
// several begin.
func mark(text string, pieces []string) (spans []span) {
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(p string) bool { return p == "" })
	slices.SortFunc(pieces, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	start := 0
	for i := 0; i < len(text); {
		found := slices.IndexFunc(pieces, func(p string) bool { return strings.HasPrefix(text[i:], p) })
		if found < 0 {
			i++
			continue
		}
		if i > start {
			spans = append(spans, span{text[start:i], false})
		}
		i += len(pieces[found])
		spans = append(spans, span{pieces[found], true})
		start = i
	}
	if start < len(text) {
		spans = append(spans, span{text[start:], false})
	}
	return spans
}

// originals are the parts of a text that do not go out as they came: links, and the lines
// of those that were dropped.
func originals(text string, links []core.Link) (all []string) {
	for _, l := range links {
		switch l.Action {
		case core.LinkRewritten, core.LinkHeld:
			all = append(all, l.Original)
		case core.LinkDropped:
			for line := range strings.Lines(text) {
				if strings.Contains(line, l.Original) {
					all = append(all, strings.TrimRight(line, "\r\n"))
				}
			}
		}
	}
	return all
}

func finals(links []core.Link) (all []string) {
	for _, l := range links {
		all = append(all, l.Final)
	}
	return all
}

func (v View) statusName(s core.OfferStatus) string {
	switch s {
	case core.OfferHeld:
		return v.T("Retida", "Held")
	case core.OfferPending:
		return v.T("Na fila", "Queued")
	case core.OfferSent:
		return v.T("Enviada", "Sent")
	}
	return v.T("Não enviada", "Not sent")
}

func offerClass(s core.OfferStatus) string {
	switch s {
	case core.OfferHeld:
		return "warn"
	case core.OfferPending:
		return "wait"
	case core.OfferSent:
		return "good"
	}
	return ""
}

func (v View) stateName(s core.DeliveryState) string {
	switch s {
	case core.DeliveryPending:
		return v.T("Na fila", "Queued")
	case core.DeliveryDispatching:
		return v.T("Enviando", "Sending")
	case core.DeliverySent:
		return v.T("Enviada", "Sent")
	case core.DeliveryAmbiguous:
		return v.T("Conferindo", "Checking")
	case core.DeliveryUnconfirmed:
		return v.T("Sem confirmação", "Unconfirmed")
	case core.DeliveryFailed:
		return v.T("Falhou", "Failed")
	case core.DeliveryExpired:
		return v.T("Venceu", "Expired")
	}
	return v.T("Cancelada", "Cancelled")
}

func stateClass(s core.DeliveryState) string {
	switch s {
	case core.DeliveryPending, core.DeliveryDispatching:
		return "wait"
	case core.DeliverySent:
		return "good"
	case core.DeliveryAmbiguous, core.DeliveryUnconfirmed:
		return "doubt"
	case core.DeliveryFailed:
		return "bad"
	}
	return ""
}

func (v View) actionName(a core.LinkAction) string {
	switch a {
	case core.LinkRewritten:
		return v.T("Trocado pelo seu", "Replaced by yours")
	case core.LinkKept:
		return v.T("Já era seu", "Yours already")
	case core.LinkDropped:
		return v.T("Removido com a linha", "Removed with its line")
	}
	return v.T("Motivo da retenção", "Why it is held")
}

func actionClass(a core.LinkAction) string {
	switch a {
	case core.LinkRewritten, core.LinkKept:
		return "good"
	case core.LinkHeld:
		return "warn"
	}
	return ""
}

// advice is what a person can do about a reason: a page, and what it is for.
type advice struct{ path, label string }

func (v View) advice(r core.Reason) advice {
	switch r {
	case core.ReasonNoTag, core.ReasonLinkNeedsAPI, core.ReasonMintFailed, core.ReasonLinkMarketplace:
		return advice{"/stores", v.T("Ver as tags", "See the tags")}
	case core.ReasonLinkUnknownStore:
		return advice{"/stores/template", v.T("Cadastrar esta loja com um modelo de link", "Add this store with a link template")}
	case core.ReasonStoreNotAllowed, core.ReasonStoreBlocked, core.ReasonWordMissing, core.ReasonWordBlocked,
		core.ReasonPriceBelow, core.ReasonPriceAbove, core.ReasonPriceUnclear, core.ReasonDiscountBelow,
		core.ReasonDiscountUnclear, core.ReasonWaitingWindow, core.ReasonWaitingCap, core.ReasonTooOld,
		core.ReasonDuplicateProduct, core.ReasonDuplicateText:
		return advice{"/rules", v.T("Ver as regras", "See the rules")}
	case core.ReasonNoDestination, core.ReasonGroupForbidden, core.ReasonGroupGone, core.ReasonDestinationOff:
		return advice{"/groups", v.T("Ver os grupos", "See the groups")}
	case core.ReasonWaitingConnection, core.ReasonNotConnected:
		return advice{"/whatsapp", v.T("Conectar", "Connect")}
	}
	return advice{}
}

// summary is why an offer is where it is, "" when there is nothing to explain.
func (v View) summary(o core.Offer) string {
	if o.Hold != nil {
		return o.Hold.Sentence(v.Language)
	}
	for _, d := range o.Deliveries {
		if d.Reason != "" && d.State != core.DeliverySent {
			return d.Reason.Sentence(v.Language, d.Detail)
		}
	}
	return ""
}

// sentCount is how many groups have the offer.
func sentCount(o core.Offer) (n int) {
	for _, d := range o.Deliveries {
		if d.State == core.DeliverySent {
			n++
		}
	}
	return n
}

// group names the destination of a delivery.
func (o Offer) group(d core.Delivery) string {
	return cmp.Or(o.Groups[d.DestinationID], string(d.Chat))
}
