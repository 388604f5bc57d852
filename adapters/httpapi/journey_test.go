package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestTagsHideSecrets(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	stores := c.do(200, "GET", "/stores", nil).list(t)
	if stores[0]["fields"].([]any)[0].(map[string]any)["help"] == "" {
		t.Errorf("stores %v", stores)
	}
	tag := c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "maria-20"}).json(t)
	if tag["tag_code"] != "maria-20" || tag["user_id"] != c.id || tag["store_slug"] != "amazon" {
		t.Errorf("tag %v", tag)
	}
	c.problem(c.do(409, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "outra-20"}), 409, core.ReasonTagExists)
	changed := c.do(200, "PUT", "/affiliate-tags/"+tag["id"].(string), map[string]any{"store_slug": "amazon", "tag_code": "nova-20"}).json(t)
	if changed["tag_code"] != "nova-20" || changed["id"] != tag["id"] {
		t.Errorf("changed tag %v", changed)
	}
	// What a store calls secret is accepted and never shown.
	c.do(201, "POST", "/affiliate-tags", map[string]any{
		"store_slug": "loja-secreta", "fields": map[string]string{"app_id": "app-7", "app_secret": "muito-secreto"},
	})
	if all := c.do(200, "GET", "/affiliate-tags", nil).body; !strings.Contains(all, "app-7") || strings.Contains(all, "muito-secreto") {
		t.Errorf("tags %s", all)
	}
	c.do(204, "DELETE", "/affiliate-tags/"+tag["id"].(string), nil)
	c.problem(c.do(404, "DELETE", "/affiliate-tags/"+tag["id"].(string), nil), 404, core.ReasonNotFound)
}

// From registration to a repost, over the API alone.
func TestJourney(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.run()
	poster, err := h.world.AddPhone("5511900000001", "Ana Ofertas")
	h.must(err)
	phone, err := h.world.AddPhone("5511900000002", "Maria")
	h.must(err)
	group := func(name string, people ...*fakewhatsapp.Phone) string {
		g, err := h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: name, Admins: people})
		h.must(err)
		return string(g.JID())
	}
	source, target := group("Achadinhos da Ana", poster, phone), group("Ofertas da Maria", phone)

	c := h.client("maria@exemplo.com.br")
	made := c.do(200, "POST", "/whatsapp/connect", nil).json(t)
	if qr, _ := made["qr_code"].(string); !strings.HasPrefix(qr, "data:image/png;base64,") || made["status"] != "connecting" {
		t.Fatalf("connect: %v", made)
	}
	again := c.problem(c.do(400, "POST", "/whatsapp/connect", map[string]any{}), 400, core.ReasonAlreadyConnected)
	if again["detail"] != "Você já tem um WhatsApp conectado" {
		t.Errorf("second connect: %v", again)
	}
	if qr := c.do(200, "GET", "/whatsapp/qr", nil).json(t); !strings.HasPrefix(qr["qr_code"].(string), "data:image/png;base64,") || qr["instance_id"] != made["instance_id"] {
		t.Errorf("QR code: %v", qr)
	}
	if png := c.do(200, "GET", "/whatsapp/qr", nil, "Accept", "image/png"); png.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(png.body, "\x89PNG") {
		t.Errorf("QR code as PNG: %v", png.header)
	}
	h.must(h.evolution.Scan(made["instance_name"].(string), phone))
	h.eventually("the WhatsApp is connected", func() bool {
		return c.do(200, "GET", "/whatsapp/status", nil).json(t)["status"] == "connected"
	})

	found := c.do(200, "POST", "/whatsapp/discover-groups", nil).list(t)
	i := slices.IndexFunc(found, func(g map[string]any) bool { return g["source_group_id"] == source })
	if i < 0 || len(found) != 2 || found[i]["group_name"] != "Achadinhos da Ana" || found[i]["is_active"] != false || found[i]["auto_discovered"] != true {
		t.Fatalf("discovered %v", found)
	}
	on := c.do(200, "PATCH", "/groups/source/"+found[i]["id"].(string), map[string]any{"is_active": true, "label": "Ana"}).json(t)
	if on["is_active"] != true || on["label"] != "Ana" || on["platform"] != "whatsapp" {
		t.Errorf("source %v", on)
	}
	c.problem(c.do(422, "POST", "/groups/destination", map[string]any{"destination_group_id": source}), 422, core.ReasonGroupIsSource)
	destination := c.do(201, "POST", "/groups/destination", map[string]any{"platform": "whatsapp", "destination_group_id": target, "label": "Meu grupo"}).json(t)
	if destination["destination_group_id"] != target || destination["is_active"] != true {
		t.Errorf("destination %v", destination)
	}
	c.problem(c.do(409, "POST", "/groups/destination", map[string]any{"destination_group_id": target}), 409, core.ReasonGroupExists)

	// Without a tag the offer is held, with a reason; with one it goes out.
	_, err = poster.PostText(core.JID(source), "Sem tag por R$ 10,00 https://www.amazon.com.br/dp/B0BLCKCBR1?tag=ana-20")
	h.must(err)
	var offers []any
	h.eventually("the offer is held", func() bool {
		offers = c.do(200, "GET", "/offers?status=held", nil).json(t)["items"].([]any)
		return len(offers) == 1
	})
	if hold := offers[0].(map[string]any)["hold"].(map[string]any); hold["code"] != "no_tag" || !strings.Contains(hold["detail"].(string), "tag") {
		t.Errorf("hold %v", hold)
	}
	c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "maria-20"})
	_, err = poster.PostText(core.JID(source), "Fone por R$ 1.299,90 https://www.amazon.com.br/dp/B0BLCKCBR2?tag=ana-20")
	h.must(err)
	h.eventually("the offer is sent", func() bool {
		offers = c.do(200, "GET", "/offers?status=sent", nil).json(t)["items"].([]any)
		return len(offers) == 1
	})
	offer := c.do(200, "GET", "/offers/"+offers[0].(map[string]any)["id"].(string), nil).json(t)
	deliveries := offer["deliveries"].([]any)
	if offer["price_cents"] != 129990.0 || offer["price"] != "R$ 1.299,90" || offer["store_slug"] != "amazon" ||
		!strings.Contains(offer["monetized_text"].(string), "tag=maria-20") || offer["sent_at"] == nil || len(deliveries) != 1 {
		t.Errorf("offer %v", offer)
	}
	delivery := deliveries[0].(map[string]any)
	c.problem(c.do(409, "POST", "/deliveries/"+delivery["id"].(string)+"/cancel", nil), 409, core.ReasonDeliveryState)
	c.problem(c.do(409, "POST", "/deliveries/"+delivery["id"].(string)+"/retry", nil), 409, core.ReasonDeliveryState)
	if posted := h.world.PostedIn(core.JID(target)); len(posted) != 1 || posted[0].Text != delivery["text"] {
		t.Errorf("the group got %v", posted)
	}

	// Pages, and a cursor nobody else can use.
	page := c.do(200, "GET", "/offers?limit=1", nil).json(t)
	cursor, _ := page["next_cursor"].(string)
	rest := c.do(200, "GET", "/offers?limit=1&cursor="+cursor, nil).json(t)
	if cursor == "" || rest["next_cursor"] != nil || len(rest["items"].([]any)) != 1 || fmt.Sprint(rest["items"]) == fmt.Sprint(page["items"]) {
		t.Errorf("pages: %v, then %v", page, rest)
	}
	other := h.client("bia@exemplo.com.br")
	other.problem(other.do(400, "GET", "/offers?cursor="+cursor, nil), 400, core.ReasonInvalidCursor)
	other.do(404, "GET", "/offers/"+offer["id"].(string), nil)

	stats := c.do(200, "GET", "/dashboard/stats", nil).json(t)
	if stats["sent_today"] != 1.0 || stats["active_groups"] != 2.0 || stats["active_tags"] != 1.0 || stats["held"] != 1.0 || stats["total_queue"] != 0.0 {
		t.Errorf("stats %v", stats)
	}
	if recent := c.do(200, "GET", "/dashboard/recent-offers?limit=1", nil).list(t); len(recent) != 1 || recent[0]["id"] != offer["id"] {
		t.Errorf("recent offers %v", recent)
	}
	gone := c.do(200, "DELETE", "/whatsapp/disconnect", nil).json(t)
	if gone["status"] != "disconnected" || gone["provider_cleanup"] != "done" || gone["message"] == "" {
		t.Errorf("disconnect %v", gone)
	}
	c.do(204, "DELETE", "/groups/source/"+on["id"].(string), nil)
	c.do(204, "DELETE", "/groups/destination/"+destination["id"].(string), nil)
	if strings.Contains(h.log.String(), password) || strings.Contains(h.log.String(), c.token) || strings.Contains(h.log.String(), "maria@") {
		t.Error("the log has a secret or an e-mail address")
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	c := build(t, nil).client("maria@exemplo.com.br")
	text := "Fone por R$ 1.299,90 https://www.amazon.com.br/dp/B0BLCKCBR2?tag=ana-20"
	held := c.do(200, "POST", "/links/preview", map[string]any{"text": text}).json(t)
	if held["outcome"] != "hold" || held["text"] != "" || len(held["reasons"].([]any)) == 0 {
		t.Errorf("without a tag: %v", held)
	}
	english := c.do(200, "POST", "/links/preview", map[string]any{"text": text}, "Accept-Language", "en").json(t)
	if detail := english["reasons"].([]any)[0].(map[string]any)["detail"].(string); !strings.HasPrefix(detail, "You have no tag") {
		t.Errorf("in English: %q", detail)
	}
	c.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "maria-20"})
	posted := c.do(200, "POST", "/links/preview", map[string]any{"text": text}).json(t)
	if posted["outcome"] != "post" || posted["price_cents"] != 129990.0 || !strings.Contains(posted["text"].(string), "maria-20") ||
		posted["links"].([]any)[0].(map[string]any)["action"] != "rewrite" {
		t.Errorf("with a tag: %v", posted)
	}
}
