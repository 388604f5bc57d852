package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

var ourTags = []core.Tag{
	{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "nossa-20"}},
	{Store: "shopee", Fields: map[string]string{"affiliate_id": "18399999999"}},
	{Store: "mercadolivre", Fields: map[string]string{"matt_word": "nosso", "matt_tool": "22222222"}},
	{Store: "magalu", Fields: map[string]string{"store": "magazinenossa"}},
}

var rivalTags = []core.Tag{
	{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "rival-20"}},
	{Store: "shopee", Fields: map[string]string{"affiliate_id": "18311111111"}},
	{Store: "mercadolivre", Fields: map[string]string{"matt_word": "rival", "matt_tool": "33333333"}},
	{Store: "magalu", Fields: map[string]string{"store": "magazinerival"}},
}

func builtin(t testing.TB) *Registry {
	t.Helper()
	r, err := NewRegistry(Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// linkCase says what becomes of a link: a final link, or a kind with a reason.
type linkCase struct {
	link, final string
	kind        Kind
	key         string
	reason      core.Reason
}

func runLinkCases(t *testing.T, cases []linkCase) {
	t.Helper()
	r := builtin(t)
	for _, c := range cases {
		t.Run(c.link, func(t *testing.T) {
			target := r.Classify(c.link)
			if c.kind != "" && target.Kind != c.kind {
				t.Fatalf("kind %s (%v), want %s", target.Kind, target.Hold, c.kind)
			}
			if target.ProductKey != c.key {
				t.Errorf("key %q, want %q", target.ProductKey, c.key)
			}
			if c.reason != "" && target.Hold.Reason != c.reason {
				t.Errorf("hold %v, want %s", target.Hold, c.reason)
			}
			final, err := r.Rewrite(target, ourTags)
			if c.final == "" {
				if err == nil {
					t.Fatalf("rewritten to %s", final)
				}
				if r.Verify(c.link, ourTags) == nil {
					t.Fatal("proven although it cannot be rewritten")
				}
				return
			}
			if err != nil || final != c.final {
				t.Fatalf("rewritten to %s, %v; want %s", final, err, c.final)
			}
			if err := r.Verify(final, ourTags); err != nil {
				t.Errorf("own link not proven: %v", err)
			}
			if r.Verify(final, rivalTags) == nil {
				t.Error("own link proven for another tenant")
			}
			if again := r.Classify(final); again.ProductKey != c.key {
				t.Errorf("own link has key %q", again.ProductKey)
			} else if twice, err := r.Rewrite(again, ourTags); err != nil || twice != final {
				t.Errorf("rewritten again to %s, %v", twice, err)
			}
		})
	}
}

// mustNotVerify checks links that look like the tenant's own but are not.
func mustNotVerify(t *testing.T, links ...string) {
	t.Helper()
	r := builtin(t)
	for _, link := range links {
		if r.Verify(link, ourTags) == nil {
			t.Errorf("proven: %s", link)
		}
	}
}
