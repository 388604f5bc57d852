package affiliate

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func corpus(t *testing.T, name string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", name))
	if err != nil {
		t.Skip("the shared corpus is not here")
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		each(sc.Bytes())
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
}

var corpusTags = []core.Tag{
	{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "mytag-20"}},
	{Store: "shopee", Fields: map[string]string{"affiliate_id": "18300000000"}},
	{Store: "mercadolivre", Fields: map[string]string{"matt_word": "meuperfil", "matt_tool": "11111111"}},
	{Store: "magalu", Fields: map[string]string{"store": "minhaloja"}},
}

// TestCorpus judges every real link: rewritten exactly as expected, held, or wrong. A link
// without an expectation may be held or be rewritten to something that is proven.
func TestCorpus(t *testing.T) {
	r := builtin(t)
	type tally struct{ exact, held, short, free, wrong int }
	counts := map[string]*tally{}
	corpus(t, "links.jsonl", func(line []byte) {
		var row corpusLink
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		c := counts[row.Store]
		if c == nil {
			c = &tally{}
			counts[row.Store] = c
		}
		target := r.Classify(row.URL)
		final, err := r.Rewrite(target, corpusTags)
		if r.Verify(row.URL, corpusTags) == nil && row.URL != row.Expect {
			t.Errorf("a foreign link is proven: %s", row.URL)
		}
		_, ours := r.Store(row.Store)
		switch {
		case err != nil && target.Kind == Short:
			c.short++
		case err != nil:
			c.held++
		case row.Expect == "":
			c.free++
		case final == row.Expect:
			c.exact++
		case !ours && target.Store == "" || !ours && r.Verify(final, corpusTags) == nil:
			c.free++
		default:
			c.wrong++
			t.Errorf("%s\n got %s\nwant %s", row.URL, final, row.Expect)
		}
		if ours && row.Expect != "" && err != nil {
			t.Logf("held though expected: %s (%s)", row.URL, target.Hold.Reason)
		}
		if ours && row.Action == "resolve" && target.Kind != Short {
			t.Errorf("%s is %s, want short", row.URL, target.Kind)
		}
		if ours && row.ProductKey != "" && target.Kind == Product && plainKey(target.ProductKey) != plainKey(row.ProductKey) {
			t.Errorf("%s: key %s, want %s", row.URL, target.ProductKey, row.ProductKey)
		}
		if err != nil {
			return
		}
		if err := r.Verify(final, corpusTags); err != nil {
			t.Errorf("own link not proven: %s", final)
		}
		if r.Verify(final, ourTags) == nil {
			t.Errorf("proven for another tenant: %s", final)
		}
	})
	for store, c := range counts {
		t.Logf("%-13s exact %3d, held %3d, short %3d, without expectation %3d, wrong %d", store, c.exact, c.held, c.short, c.free, c.wrong)
	}
}

// plainKey levels the differences between the corpus's keys and ours: we name the whole
// marketplace and keep Mercado Livre's id spaces apart.
func plainKey(key string) string {
	return strings.NewReplacer("amazon:amazon.", "amazon:", "MLB-", "MLB", "MLBU", "MLB").Replace(key)
}

// TestBadInputs runs the literal deceptions of the corpus: whatever comes out must be
// proven, and nothing that goes in is.
func TestBadInputs(t *testing.T) {
	r := builtin(t)
	n := 0
	corpus(t, "bad_inputs.jsonl", func(line []byte) {
		var row struct {
			Area  string          `json:"area"`
			Input json.RawMessage `json:"input"`
		}
		var input string
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Area != "link" || json.Unmarshal(row.Input, &input) != nil {
			return
		}
		n++
		if r.Verify(input, corpusTags) == nil {
			t.Errorf("proven: %q", input)
		}
		if final, err := r.Rewrite(r.Classify(input), corpusTags); err == nil {
			if strings.Contains(final, "rival") || strings.Contains(final, "evil") {
				t.Errorf("%q became %s", input, final)
			}
			if err := r.Verify(final, corpusTags); err != nil {
				t.Errorf("%q became %s: %v", input, final, err)
			}
		}
	})
	t.Logf("%d literal inputs", n)
}
