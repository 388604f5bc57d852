package affiliate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/autopromo-cloud/autopromo/core"
)

type corpusLink struct {
	URL        string `json:"url"`
	Store      string `json:"store"`
	Kind       string `json:"kind"`
	Action     string `json:"action"`
	Expect     string `json:"expect"`
	ProductKey string `json:"product_key"`
}

// corpusLines reads a file of the corpus; ok=false when there is none.
func corpusLines(t testing.TB, name string) (lines [][]byte, ok bool) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", name))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		lines = append(lines, slices.Clone(sc.Bytes()))
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return lines, true
}

// corpusLinks are the links of the corpus, none when it is not here.
func corpusLinks(t testing.TB) []corpusLink {
	t.Helper()
	lines, _ := corpusLines(t, "links.jsonl")
	links := make([]corpusLink, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &links[i]); err != nil {
			t.Fatal(err)
		}
	}
	return links
}

var corpusTags = []core.Tag{
	{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "mytag-20"}},
	{Store: "shopee", Fields: map[string]string{"affiliate_id": "18300000000"}},
	{Store: "mercadolivre", Fields: map[string]string{"matt_word": "meuperfil", "matt_tool": "11111111"}},
	{Store: "magalu", Fields: map[string]string{"store": "minhaloja"}},
	{Store: "awin", Marketplace: "kabum.com.br", Fields: map[string]string{"awinaffid": "999999"}},
	{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_abc123"}},
}

// corpusTally counts what became of a store's links.
type corpusTally struct{ links, exact, proven, held, wrong, foreign int }

// TestCorpus judges every real link: rewritten exactly as expected, rewritten to something
// proven where the corpus expects nothing certain, held for the reason its action asks for,
// or wrong. It prints the sums as a table.
func TestCorpus(t *testing.T) {
	links := corpusLinks(t)
	if len(links) == 0 {
		t.Skip("the shared corpus is not here")
	}
	r := builtin(t)
	own, other := r.Identity(corpusTags), r.Identity(ourTags)
	tallies := map[string]*corpusTally{}
	for _, link := range links {
		c := tallies[link.Store]
		if c == nil {
			c = &corpusTally{}
			tallies[link.Store] = c
		}
		c.links++
		if own.Verify(link.URL, core.SubID{}) == nil && link.URL != link.Expect {
			t.Errorf("a foreign link is proven: %s", link.URL)
		}
		target := r.Classify(link.URL)
		final, err := own.Rewrite(target, core.SubID{})
		switch {
		case err == nil && final == link.Expect:
			c.exact++
		case err == nil && link.Expect == "" && link.Action != "resolve":
			c.proven++
		case err != nil && heldAsDue(link, target, err):
			c.held++
		default:
			c.wrong++
			t.Errorf("%s (%s)\n got %s %+v %v\nwant %s", link.URL, link.Action, final, target, err, link.Expect)
		}
		if link.ProductKey != "" && target.Kind == Product && plainKey(target.ProductKey) != plainKey(link.ProductKey) {
			t.Errorf("%s: key %s, want %s", link.URL, target.ProductKey, link.ProductKey)
		}
		if err != nil {
			continue
		}
		if err := own.Verify(final, core.SubID{}); err != nil {
			t.Errorf("own link not proven: %s", final)
		}
		if other.Verify(final, core.SubID{}) == nil {
			t.Errorf("proven for another tenant: %s", final)
		}
		if who := foreignIdentity(link.URL, final); who != "" {
			c.foreign++
			t.Errorf("%s became %s, which holds %s", link.URL, final, who)
		}
	}
	printCorpus(t, tallies)
}

func printCorpus(t *testing.T, tallies map[string]*corpusTally) {
	w := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "store\tlinks\tas expected\tproven\theld as due\twrong\tforeign\t")
	row := func(name string, c corpusTally) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, c.links, c.exact, c.proven, c.held, c.wrong, c.foreign)
	}
	var sum corpusTally
	stores := make([]string, 0, len(tallies))
	for store := range tallies {
		stores = append(stores, store)
	}
	slices.Sort(stores)
	for _, store := range stores {
		c := *tallies[store]
		row(store, c)
		sum = corpusTally{sum.links + c.links, sum.exact + c.exact, sum.proven + c.proven, sum.held + c.held, sum.wrong + c.wrong, sum.foreign + c.foreign}
	}
	row("all", sum)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// malformedInCorpus are links that the extraction of the corpus cut off wrongly: no address
// holds them, so they are held although the corpus expects a link.
var malformedInCorpus = regexp.MustCompile(`&#10$`)

// heldAsDue says whether the reason a link is held for is one that its action allows.
func heldAsDue(link corpusLink, target Target, err error) bool {
	reason := target.Hold.Reason
	if target.Kind == Product || target.Kind == Page || reason == "" {
		if e, ok := err.(*core.Error); ok {
			reason = e.Reason
		}
	}
	among := func(reasons ...core.Reason) bool { return slices.Contains(reasons, reason) }
	switch link.Action {
	case "rewrite":
		return malformedInCorpus.MatchString(link.URL)
	case "resolve":
		// A store may be known to hide what no tag can be put on.
		return target.Kind == Short || among(core.ReasonLinkHotlink, core.ReasonLinkPortalOnly, core.ReasonLinkCreator, core.ReasonLinkPromoter)
	case "refuse_unless_resolved":
		return target.Kind == Showcase || among(core.ReasonLinkForeignProfile)
	case "refuse_or_other_tag", "network_id_needed":
		return among(core.ReasonNoTag, core.ReasonLinkMarketplace, core.ReasonLinkNotProduct)
	case "rewrite_if_tenant_consultoria":
		return among(core.ReasonNoTag, core.ReasonLinkForeignProfile)
	case "api_or_refuse", "refuse_by_default", "rewrite_uncertain", "rewrite_keep_seller":
		return among(core.ReasonLinkNotProduct, core.ReasonLinkNeedsAPI)
	case "refuse", "unwrap_or_refuse":
		return reason != ""
	}
	return false
}

// identityInLink finds the carriers of identity that programmes use.
var identityInLink = regexp.MustCompile(`(?i)[?&#;](?:tag|ascsubtag|matt_word|matt_tool|affiliate_id|sub_id|mmp_pid|utm_source|utm_campaign|` +
	`awinaffid|clickref|aff_short_key|aff_fcid|sourceid|promoter_id|partner_id|consultoria|id|ref)=([^&#;?]+)|magazinevoce\.com\.br/([^/?#]+)`)

// foreignIdentity returns an identity of the original that is in the final link and is none
// of the tenant's own.
func foreignIdentity(original, final string) string {
	parts := strings.FieldsFunc(strings.Join(decodings(final), "&"), func(c rune) bool { return strings.ContainsRune("/?&=#;:", c) })
	for _, shown := range decodings(original) {
		for _, found := range identityInLink.FindAllStringSubmatch(shown, -1) {
			who := found[1] + found[2]
			own := slices.ContainsFunc(corpusTags, func(tag core.Tag) bool {
				for _, value := range tag.Fields {
					if value == who {
						return true
					}
				}
				return false
			})
			if !own && slices.Contains(parts, who) {
				return who
			}
		}
	}
	return ""
}

// decodings returns s as it stands and decoded once, twice, … until nothing changes.
func decodings(s string) []string {
	all := []string{s}
	for range 8 {
		next := percentDecode(s)
		if next == s {
			break
		}
		s = next
		all = append(all, s)
	}
	return all
}

// percentDecode decodes every escape that is sound and leaves the rest.
func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			var c byte
			if _, err := fmt.Sscanf(s[i+1:i+3], "%x", &c); err == nil {
				b.WriteByte(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// plainKey levels the differences between the corpus's keys and ours: we name the whole
// marketplace and keep Mercado Livre's id spaces apart.
func plainKey(key string) string {
	return strings.NewReplacer("amazon:amazon.", "amazon:", "MLB-", "MLB", "MLBU", "MLB").Replace(key)
}

// TestBadInputs runs the literal deceptions of the corpus: whatever comes out must be
// proven, and nothing that goes in is.
func TestBadInputs(t *testing.T) {
	lines, ok := corpusLines(t, "bad_inputs.jsonl")
	if !ok {
		t.Skip("the shared corpus is not here")
	}
	r := builtin(t)
	own := r.Identity(corpusTags)
	n := 0
	for _, line := range lines {
		var row struct {
			Area  string          `json:"area"`
			Input json.RawMessage `json:"input"`
		}
		var input string
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Area != "link" || json.Unmarshal(row.Input, &input) != nil {
			continue
		}
		n++
		if own.Verify(input, core.SubID{}) == nil {
			t.Errorf("proven: %q", input)
		}
		if final, err := own.Rewrite(r.Classify(input), core.SubID{}); err == nil {
			if strings.Contains(final, "rival") || strings.Contains(final, "evil") {
				t.Errorf("%q became %s", input, final)
			}
			if err := own.Verify(final, core.SubID{}); err != nil {
				t.Errorf("%q became %s: %v", input, final, err)
			}
		}
	}
	if n == 0 {
		t.Error("no literal inputs")
	}
}
