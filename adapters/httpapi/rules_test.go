package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/core"
)

func TestRulesOfATenant(t *testing.T) {
	t.Parallel()
	c := build(t, nil).client("maria@exemplo.com.br")
	c.do(200, "PATCH", "/users/me/config", map[string]any{
		"allowed_stores": []string{"amazon", "loja-da-esquina.com.br"}, "require_words": []string{"fone"}, "block_words": []string{"usado"},
		"min_price_cents": 1000, "max_price_cents": 50000, "min_discount_percent": 20, "text_window_hours": 12,
		"partial_links": "drop", "clean_repeats": false, "sub_ids": true,
	})
	config := c.do(200, "GET", "/users/me", nil).json(t)["config_json"].(map[string]any)
	for key, want := range map[string]any{
		"min_price_cents": 1000.0, "max_price_cents": 50000.0, "min_discount_percent": 20.0, "text_window_hours": 12.0,
		"partial_links": "drop", "clean_repeats": false, "sub_ids": true,
	} {
		if config[key] != want {
			t.Errorf("%s is %v, want %v", key, config[key], want)
		}
	}
	for key, want := range map[string]string{"require_words": "fone", "block_words": "usado", "allowed_stores": "amazon"} {
		if list := config[key].([]any); len(list) == 0 || list[0] != want {
			t.Errorf("%s is %v, want %s first", key, list, want)
		}
	}
	for field, body := range map[string]map[string]any{
		"allowed_stores":  {"allowed_stores": []string{"lojinha"}},
		"max_price_cents": {"max_price_cents": 999},
		"block_words":     {"block_words": []string{" "}},
	} {
		p := c.do(422, "PATCH", "/users/me/config", body)
		if !strings.Contains(p.body, field) {
			t.Errorf("the refusal does not name %s: %s", field, p.body)
		}
	}

	c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "maria-20"})
	preview := func(text string) map[string]any {
		return c.do(200, "POST", "/links/preview", map[string]any{"text": text}).json(t)
	}
	good := preview("Fone novo\nDe R$ 200 por R$ 100\nFrete grátis\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=outra-20")
	if good["outcome"] != "post" || good["price_cents"] != 10000.0 || good["list_price_cents"] != 20000.0 ||
		good["discount_percent"] != 50.0 || good["free_shipping"] != true || good["app_only"] != false {
		t.Errorf("a message within the rules: %v", good)
	}
	bad := preview("Fone usado R$ 5\nhttps://www.amazon.com.br/dp/B0TESTE001")
	if reasons := bad["reasons"].([]any); bad["outcome"] != "hold" || len(reasons) != 2 ||
		reasons[0].(map[string]any)["code"] != string(core.ReasonWordBlocked) || reasons[1].(map[string]any)["code"] != string(core.ReasonPriceBelow) {
		t.Errorf("a message against the rules: %v", bad)
	}
}

func TestStoresSayWhatATagNeeds(t *testing.T) {
	t.Parallel()
	c := build(t, nil).client("maria@exemplo.com.br")
	stores := map[string]map[string]any{}
	for _, s := range c.do(200, "GET", "/stores", nil).list(t) {
		stores[s["slug"].(string)] = s
	}
	for _, slug := range []string{"amazon", "shopee", "mercadolivre", "magalu", "aliexpress", "natura", "netshoes", "shein", "kabum", "awin", "rakuten", "cj", "admitad", "lomadee", "impact", "template"} {
		if stores[slug] == nil {
			t.Errorf("%s is missing", slug)
		}
	}
	if stores["hotmart"] != nil || stores["promoters"] != nil {
		t.Error("stores nobody can have a tag for are listed")
	}
	if stores["awin"]["network"] != true || stores["amazon"]["network"] != false || len(stores["kabum"]["fields"].([]any)) != 0 {
		t.Errorf("networks and merchants look alike: %v, %v", stores["awin"], stores["kabum"])
	}
	for _, f := range stores["shopee"]["fields"].([]any) {
		if f := f.(map[string]any); f["help"] == "" || f["secret"] != (f["name"] == "app_secret") {
			t.Errorf("field %v", f)
		}
	}

	for code, body := range map[core.Reason]map[string]any{
		core.ReasonTagByNetwork:    {"store_slug": "kabum", "tag_code": "1"},
		core.ReasonUnknownStore:    {"store_slug": "hotmart", "tag_code": "1"},
		core.ReasonTagMarketplace:  {"store_slug": "rakuten", "fields": map[string]string{"id": "abc", "mid": "1"}, "marketplace": "com.br"},
		core.ReasonTagFieldMissing: {"store_slug": "awin", "tag_code": "999999", "marketplace": "loja-exemplo.com.br"},
		core.ReasonTagField:        {"store_slug": "amazon", "tag_code": "semsufixo"},
	} {
		c.problem(c.do(422, "POST", "/affiliate-tags", body), 422, code)
	}
	kabum := c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "awin", "tag_code": "999999"}).json(t)
	if kabum["marketplace"] != "kabum.com.br" {
		t.Errorf("the default merchant is %v", kabum["marketplace"])
	}
	p := c.do(200, "POST", "/links/preview", map[string]any{"text": "SSD https://www.kabum.com.br/produto/123456/ssd?awc=17729_1"}).json(t)
	if want := "SSD https://www.awin1.com/cread.php?awinmid=17729&awinaffid=999999&ued=https%3A%2F%2Fwww.kabum.com.br%2Fproduto%2F123456%2Fssd"; p["text"] != want {
		t.Errorf("preview %v, want %s", p, want)
	}
}

// A secret nobody can read need not be typed again to change the rest, and can be removed.
func TestSecretFieldsStay(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	made := c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "shopee", "fields": map[string]string{
		"affiliate_id": "18300000000", "app_id": "123456", "app_secret": "SEGREDODAMARIA23",
	}}).json(t)
	fields := func() map[string]string {
		tags, err := h.repo.Tenant(core.TenantID(c.id)).Tags().List(t.Context())
		h.must(err)
		return tags[0].Fields
	}
	path := "/affiliate-tags/" + made["id"].(string)
	c.do(200, "PUT", path, map[string]any{"fields": map[string]string{"affiliate_id": "18311111111", "app_id": "123456"}})
	if f := fields(); f["affiliate_id"] != "18311111111" || f["app_secret"] != "SEGREDODAMARIA23" {
		t.Error("the secret went, or the change did not come")
	}
	c.do(200, "PUT", path, map[string]any{"fields": map[string]string{"affiliate_id": "18311111111", "app_secret": ""}})
	if _, has := fields()["app_secret"]; has {
		t.Error("the secret cannot be removed")
	}
}

func TestSourceWords(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	phone, err := h.world.AddPhone("5511900000002", "Maria")
	h.must(err)
	c.connect(phone)
	const jid = "120363000000000009@g.us"
	source := c.do(201, "POST", "/groups/source", map[string]any{"source_group_id": jid}).json(t)
	path := "/groups/source/" + source["id"].(string)
	changed := c.do(200, "PATCH", path, map[string]any{"block_words": []string{"usado"}, "require_words": []string{"fone", "tv"}}).json(t)
	if !slices.Equal(changed["block_words"].([]any), []any{"usado"}) || len(changed["require_words"].([]any)) != 2 {
		t.Errorf("source %v", changed)
	}
	changed = c.do(200, "PATCH", path, map[string]any{"label": "Ana", "require_words": []string{}}).json(t)
	if len(changed["block_words"].([]any)) != 1 || len(changed["require_words"].([]any)) != 0 || changed["label"] != "Ana" {
		t.Errorf("source %v", changed)
	}
	c.problem(c.do(422, "PATCH", path, map[string]any{"block_words": []string{""}}), 422, core.ReasonOutOfRange)
}

func TestMetricsAreTheOperatorsChoice(t *testing.T) {
	t.Parallel()
	if r := build(t, nil).send("GET", "/metrics", nil); r.status != 404 {
		t.Errorf("without Options.Metrics: %d", r.status)
	}
	h := build(t, func(o *httpapi.Options) {
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("up 1\n")) })
	})
	if r := h.expect(200, "GET", "/metrics", nil); r.body != "up 1\n" {
		t.Errorf("got %q", r.body)
	}
}
