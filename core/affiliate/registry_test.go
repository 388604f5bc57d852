package affiliate

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func wantError(t *testing.T, err error, code core.Code, reason core.Reason, field, detail string) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *core.Error", err)
	}
	if e.Code != code || e.Reason != reason || e.Field != field || e.Detail != detail {
		t.Errorf("got %s %s field %q detail %q, want %s %s %q %q", e.Code, e.Reason, e.Field, e.Detail, code, reason, field, detail)
	}
}

// badStore is Amazon under another name and without hosts.
type badStore struct {
	Amazon
	fields []Field
}

func (badStore) Slug() string      { return "bad" }
func (b badStore) Fields() []Field { return b.fields }

func TestNewRegistryRefuses(t *testing.T) {
	main := Field{Name: "a", Main: true}
	for name, stores := range map[string][]Store{
		"twice":      {Amazon{}, Shopee{}, Amazon{}},
		"nil":        {nil},
		"no main":    {badStore{fields: []Field{{Name: "a"}}}},
		"two mains":  {badStore{fields: []Field{main, main}}},
		"bad in end": {Amazon{}, badStore{}},
	} {
		if r, err := NewRegistry(stores...); err == nil || r != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, fields := range map[string][]Field{"a main field": {main}, "no fields": nil} {
		if r, err := NewRegistry(badStore{fields: fields}); err != nil || len(r.Stores()) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStoresAreComplete(t *testing.T) {
	var slugs []string
	for _, s := range builtin(t).Stores() {
		slugs = append(slugs, s.Slug())
		for _, f := range s.Fields() {
			if !f.accepts(f.Example) && !(f.Secret && f.Example == "") {
				t.Errorf("%s: example %q of %s is refused", s.Slug(), f.Example, f.Name)
			}
			if f.Help[core.Portuguese] == "" || f.Help[core.English] == "" {
				t.Errorf("%s: %s has no help", s.Slug(), f.Name)
			}
		}
	}
	for _, slug := range []string{"amazon", "shopee", "mercadolivre", "magalu", "aliexpress", "natura", "awin", "kabum"} {
		if !slices.Contains(slugs, slug) {
			t.Errorf("%s is missing among %v", slug, slugs)
		}
	}
}

func TestClassifyWrappers(t *testing.T) {
	const product = "https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20"
	wrap := func(prefix, target string) string { return prefix + url.QueryEscape(target) }
	r := builtin(t)
	for _, prefix := range []string{
		"https://www.google.com/url?sa=t&q=", "https://google.com.br/url?url=", "https://l.facebook.com/l.php?h=1&u=",
		"https://l.instagram.com/?u=", "https://www.youtube.com/redirect?q=", "https://href.li/?",
		"https://out.reddit.com/x?url=", "https://t.umblr.com/redirect?z=", "https://www.facebook.com/flx/warn/?u=",
		"https://l.threads.net/?u=", "https://l.threads.com/?e=1&u=", "https://l.wl.co/l?u=", "https://vk.com/away.php?to=",
		"https://away.vk.com/away.php?to=", "https://steamcommunity.com/linkfilter/?url=", "https://steamcommunity.com/linkfilter/?u=",
		"https://deref-gmx.net/mail/client/x/dereferrer/?redirectUrl=", "https://www.tiktok.com/link/v2?aid=1&target=",
		"https://www.tiktok.com/login?redirect_url=", "https://www.pinterest.com/offsite/?token=1&url=",
		"https://www.linkedin.com/safety/go?url=", "https://duckduckgo.com/l/?uddg=", "https://slack-redir.net/link?url=",
		"https://nam1.safelinks.protection.outlook.com/?url=", "https://www.googleadservices.com/pagead/aclk?adurl=",
		"https://www.google.com/url?sa=t&q=&esrc=s&url=",
	} {
		if got := r.Classify(wrap(prefix, product)).ProductKey; got != "amazon:amazon.com.br:B0TESTE001" {
			t.Errorf("%s: key %q", prefix, got)
		}
	}
	if got := r.Classify("https://www.google.com/url?q=" + product); got.Kind != Product {
		t.Errorf("raw target: %+v", got)
	}
	if got := r.Classify("https://www.google.com/amp/s/www.amazon.com.br/dp/B0TESTE001?tag=rival-20"); got.ProductKey != "amazon:amazon.com.br:B0TESTE001" {
		t.Errorf("AMP: %+v", got)
	}
	link := product
	for range maxLayers {
		link = wrap("https://www.google.com/url?q=", link)
	}
	if got := r.Classify(link); got.Kind != Product {
		t.Errorf("%d layers: %+v", maxLayers, got)
	}
	if got := r.Classify(wrap("https://href.li/?", link)); got.Kind != Refused || got.Hold.Reason != core.ReasonLinkDeceptive {
		t.Errorf("%d layers: %+v", maxLayers+1, got)
	}
	for _, bad := range []string{
		"https://l.facebook.com/l.php", "https://vk.com/away.php", "https://www.google.com/amp/s/", "https://www.google.com/url?q=",
		"https://www.google.com/url?q=https%3A%2F%2Fa.example&url=https%3A%2F%2Fb.example",
		"https://www.google.com/url?q=https%3A%2F%2Fa.example&%71=https%3A%2F%2Fb.example", "https://www.google.com/url?q=javascript:alert(1)",
		"https://www.google.com/url?q=https%3A%2F%2Fa.example&q=https%3A%2F%2Fb.example", "https://href.li/?%zz",
	} {
		if got := r.Classify(bad); got.Kind != Refused || got.Hold.Reason != core.ReasonLinkDeceptive {
			t.Errorf("%s: %+v", bad, got)
		}
	}
}

func TestClassifyOthers(t *testing.T) {
	r := builtin(t)
	for link, want := range map[string]Target{
		"http://bit.ly/3aBc#x":             {Kind: Short, URL: "https://bit.ly/3aBc"},
		"https://tidd.ly/4aBc":             {Kind: Short, Store: "awin", URL: "https://tidd.ly/4aBc"},
		"https://chat.whatsapp.com/ABC":    {Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "chat.whatsapp.com"}},
		"https://wa.me/5511":               {Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "wa.me"}},
		"mailto:Ana@Loja.example":          {Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "loja.example"}},
		"https://www.instagram.com/x":      {Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "www.instagram.com"}},
		"https://www.facebook.com/grupo":   {Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: "www.facebook.com"}},
		"http://loja.example/x/?a=b#c":     {Kind: Unknown, ProductKey: "loja.example:/x", URL: "https://loja.example/x/?a=b", Hold: core.Hold{Reason: core.ReasonLinkUnknownStore, Detail: "loja.example"}},
		"https://www.loja.example/":        {Kind: Unknown, URL: "https://www.loja.example/", Hold: core.Hold{Reason: core.ReasonLinkUnknownStore, Detail: "loja.example"}},
		"https://google.com.evil/url?q=x":  {Kind: Unknown, ProductKey: "google.com.evil:/url", URL: "https://google.com.evil/url?q=x", Hold: core.Hold{Reason: core.ReasonLinkUnknownStore, Detail: "google.com.evil"}},
		"https://www.amazon.com.br:8443/x": {Kind: Refused, Hold: core.Hold{Reason: core.ReasonLinkDeceptive, Detail: "www.amazon.com.br"}},
	} {
		if got := r.Classify(link); got != want {
			t.Errorf("%s: %+v, want %+v", link, got, want)
		}
	}
	_, err := r.Rewrite(r.Classify("https://bit.ly/3aBc"), ourTags)
	wantError(t, err, core.CodePrecondition, core.ReasonLinkUnresolved, "", "bit.ly")
	_, err = r.Rewrite(r.Classify("https://t.me/x"), ourTags)
	wantError(t, err, core.CodePrecondition, core.ReasonLinkForeignChannel, "", "t.me")
	wantError(t, r.Verify("https://bit.ly/3aBc", ourTags), core.CodePrecondition, core.ReasonNotProven, "", "bit.ly")
	wantError(t, r.Verify("nada", ourTags), core.CodePrecondition, core.ReasonNotProven, "", "")
}

func TestCheckTag(t *testing.T) {
	r := builtin(t)
	tag, err := r.CheckTag(core.Tag{Store: "amazon", Fields: map[string]string{"tag": "nossa-20"}})
	if err != nil || tag.Marketplace != "amazon.com.br" || tag.Fields["tag"] != "nossa-20" {
		t.Fatal(tag, err)
	}
	tests := []struct {
		tag           core.Tag
		reason        core.Reason
		field, detail string
	}{
		{core.Tag{Store: "nada"}, core.ReasonUnknownStore, "store_slug", "nada"},
		{core.Tag{Store: "amazon"}, core.ReasonTagFieldMissing, "tag_code", "tag (ex.: minhaloja-20)"},
		{core.Tag{Store: "amazon", Marketplace: "amazon.xx", Fields: map[string]string{"tag": "a-20"}}, core.ReasonTagField, "marketplace", "marketplace (ex.: amazon.com.br)"},
		{core.Tag{Store: "shopee", Marketplace: "br", Fields: map[string]string{"affiliate_id": "12345"}}, core.ReasonTagField, "marketplace", "marketplace"},
		{core.Tag{Store: "amazon", Fields: map[string]string{"tag": "a-20", "x": "y"}}, core.ReasonTagField, "fields.x", "x"},
		{core.Tag{Store: "mercadolivre", Fields: map[string]string{"matt_word": "a", "matt_tool": "1x"}}, core.ReasonTagField, "fields.matt_tool", "matt_tool (ex.: 11111111)"},
	}
	for _, tt := range tests {
		_, err := r.CheckTag(tt.tag)
		wantError(t, err, core.CodeInvalid, tt.reason, tt.field, tt.detail)
	}
	for slug, values := range map[string][]string{
		"amazon":       {`rival-20" onmouseover='`, " a-20", "a-20 ", "a-20&tag=b-20", "a-20\n", "sem-sufixo", "á-20", strings.Repeat("a", 80) + "-20"},
		"shopee":       {"12a", "an_12345", "12", "12345&x=1"},
		"mercadolivre": {"a b", "a&b", `a"b`, "a\x00", "a%20b", "é", "nosso.", "nosso_"},
		"magalu":       {"ab", "Minha", "a/b", "minha loja", "busca", "a.b"},
	} {
		s, _ := r.Store(slug)
		field := s.Fields()[0]
		for _, v := range values {
			_, err := r.CheckTag(core.Tag{Store: slug, Fields: map[string]string{field.Name: v}})
			wantError(t, err, core.CodeInvalid, core.ReasonTagField, "tag_code", fieldDetail(field))
		}
	}
}

// A malformed tag in the database must not become part of a link, nor prove one.
func TestMalformedTagIsNoTag(t *testing.T) {
	r := builtin(t)
	bad := []core.Tag{{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "a-20&tag=rival-20"}}}
	if final, err := r.Rewrite(r.Classify("https://www.amazon.com.br/dp/B0TESTE001"), bad); err == nil {
		t.Error(final)
	}
	if r.Verify("https://www.amazon.com.br/dp/B0TESTE001?tag=a-20&tag=rival-20", bad) == nil {
		t.Error("proven")
	}
}
