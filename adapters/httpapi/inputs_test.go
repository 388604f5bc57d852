package httpapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

const unknownID = "01890a5d-ac96-774b-bcce-b302099a8057"

// What must be refused before anything is done, and how.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	long := strings.Repeat("a", 129)
	for _, try := range []struct {
		method, path string
		body         any
		status       int
		code         core.Reason
		says         string // part of the Portuguese detail
	}{
		{"POST", "/users/register", map[string]any{"email": "x", "password": password}, 422, core.ReasonInvalidEmail, "e-mail"},
		{"POST", "/users/register", map[string]any{"email": "a@x.com\u200b", "password": password}, 422, core.ReasonInvalidEmail, "e-mail"},
		{"POST", "/users/register", map[string]any{"email": "a@x.com", "password": long}, 422, core.ReasonInvalidPassword, "128"},
		{"POST", "/users/register", map[string]any{"email": "a@x.com", "password": "curta"}, 422, core.ReasonInvalidPassword, "8"},
		{"POST", "/users/register", map[string]any{"email": "a@x.com"}, 422, core.ReasonRequired, "Campo obrigatório: password."},
		{"POST", "/users/register", map[string]any{"email": 7, "password": password}, 422, core.ReasonInvalidField, "Dados inválidos: email."},
		{"POST", "/users/register", map[string]any{"email": "a@x.com", "password": password, "tenant_id": c.id}, 422, core.ReasonUnknownField, "Campo desconhecido: tenant_id."},
		{"POST", "/users/register", `{"email":`, 400, core.ReasonMalformedBody, "JSON"},
		{"POST", "/users/register", `{"email":"a@x.com","password":"12345678"} {}`, 400, core.ReasonMalformedBody, "JSON"},
		{"POST", "/users/register", `[]`, 422, core.ReasonInvalidField, "Dados inválidos"},
		{"POST", "/users/register", ``, 400, core.ReasonMalformedBody, "JSON"},
		{"POST", "/users/register", `{"email":"a@x.com","password":"12345678","full_name":"\u0000"}`, 400, core.ReasonMalformedBody, "JSON"},
		{"POST", "/users/register", strings.Repeat(" ", 300<<10), 413, core.ReasonBodyTooLarge, "grande"},
		{"POST", "/users/login", `{"email":"a@x.com","password":"x","admin":true}`, 422, core.ReasonUnknownField, "admin"},
		{"POST", "/users/login", `{"email":"a@x.com"}`, 422, core.ReasonRequired, "password"},
		{"POST", "/users/login", `{"email":{},"password":"x"}`, 422, core.ReasonInvalidField, "email"},
		{"POST", "/users/login", `[`, 400, core.ReasonMalformedBody, "JSON"},
		{"POST", "/users/login", url.Values{"username": {"a@x.com"}}, 422, core.ReasonRequired, "password"},
		{"PATCH", "/users/me/config", map[string]any{"window_start": "8h"}, 422, core.ReasonInvalidTime, "HH:MM"},
		{"PATCH", "/users/me/config", map[string]any{"window_start": "24:00"}, 422, core.ReasonInvalidTime, "HH:MM"},
		{"PATCH", "/users/me/config", map[string]any{"time_zone": "Mars/Base"}, 422, core.ReasonInvalidTimeZone, "Mars/Base"},
		{"PATCH", "/users/me/config", map[string]any{"min_delay_seconds": 0}, 422, core.ReasonOutOfRange, "min_delay_seconds"},
		{"PATCH", "/users/me/config", map[string]any{"gap_min_seconds": 9223372036}, 422, core.ReasonOutOfRange, "(<= 999999)"},
		{"PATCH", "/users/me/config", map[string]any{"max_messages_per_day": 1e9}, 422, core.ReasonOutOfRange, "max_messages_per_day"},
		{"PATCH", "/users/me/config", map[string]any{"max_messages_per_day": 1.5}, 422, core.ReasonInvalidField, "max_messages_per_day"},
		{"PATCH", "/users/me/config", map[string]any{"foreign_links": "keep"}, 422, core.ReasonOutOfRange, "drop, hold"},
		{"PATCH", "/users/me/config", map[string]any{"plan": "pro"}, 422, core.ReasonUnknownField, "plan"},
		{"PATCH", "/users/me/config", map[string]any{"config_json": map[string]any{"plan": "pro"}}, 422, core.ReasonUnknownField, "plan"},
		{"PATCH", "/users/me/config", map[string]any{"blacklist_stores": []string{"loja-que-nao-existe"}}, 422, core.ReasonUnknownStore, "loja-que-nao-existe"},
		{"POST", "/whatsapp/connect", map[string]any{"api_url": "ftp://x", "api_key": "k"}, 422, core.ReasonProviderURL, "http"},
		{"POST", "/whatsapp/connect", map[string]any{"provider": "pombo"}, 422, core.ReasonUnknownProvider, "pombo"},
		{"POST", "/whatsapp/connect", map[string]any{"instance_id": unknownID}, 422, core.ReasonUnknownField, "instance_id"},
		{"GET", "/whatsapp/status", nil, 404, core.ReasonNoInstance, "WhatsApp"},
		{"GET", "/whatsapp/qr", nil, 404, core.ReasonNoInstance, "WhatsApp"},
		{"DELETE", "/whatsapp/disconnect", nil, 404, core.ReasonNoInstance, "WhatsApp"},
		{"POST", "/whatsapp/discover-groups", nil, 400, core.ReasonNotConnected, "conectado"},
		{"POST", "/groups/source", map[string]any{"source_group_id": "120363000000000001@g.us"}, 400, core.ReasonNotConnected, "conectado"},
		{"POST", "/groups/source", map[string]any{"source_group_id": "120363000000000001@g.us", "platform": "telegram"}, 422, core.ReasonPlatform, "whatsapp"},
		{"POST", "/groups/destination", map[string]any{"destination_group_id": "120363000000000001@G.US"}, 422, core.ReasonNotAGroup, "grupo"},
		{"POST", "/groups/destination", map[string]any{"destination_group_id": "5511999999999@s.whatsapp.net"}, 422, core.ReasonNotAGroup, "grupo"},
		{"POST", "/groups/destination", map[string]any{"destination_group_id": "1203@g.us,1204@g.us"}, 422, core.ReasonNotAGroup, "grupo"},
		{"POST", "/groups/destination", map[string]any{"destination_group_id": "1203@g.us?instanceName=victim"}, 422, core.ReasonNotAGroup, "grupo"},
		{"POST", "/affiliate-tags", map[string]any{"store_slug": "loja", "tag_code": "x-20"}, 422, core.ReasonUnknownStore, "loja"},
		{"POST", "/affiliate-tags", map[string]any{"store_slug": "amazon"}, 422, core.ReasonTagFieldMissing, "tag"},
		{"GET", "/offers?limit=-1", nil, 422, core.ReasonOutOfRange, "(>= 1)"},
		{"GET", "/offers?limit=1000000000", nil, 422, core.ReasonOutOfRange, "(<= 100)"},
		{"GET", "/offers?limit=NaN", nil, 422, core.ReasonInvalidField, "limit"},
		{"GET", "/offers?limit=9223372036854775808", nil, 422, core.ReasonInvalidField, "limit"},
		{"GET", "/offers?sort=created_at%3BDROP", nil, 422, core.ReasonUnknownField, "sort"},
		{"GET", "/offers?tenant_id=" + unknownID, nil, 422, core.ReasonUnknownField, "tenant_id"},
		{"GET", "/offers?cursor=" + base64.RawURLEncoding.EncodeToString(make([]byte, 52)), nil, 400, core.ReasonInvalidCursor, "Cursor"},
		{"GET", "/offers?status=everything", nil, 422, core.ReasonOutOfRange, "held"},
		{"GET", "/dashboard/recent-offers?limit=101", nil, 422, core.ReasonOutOfRange, "limit"},
		{"POST", "/links/preview", map[string]any{"text": ""}, 422, core.ReasonRequired, "Campo obrigatório: text."},
		{"GET", "/nothing", nil, 404, core.ReasonNotFound, "Não encontrado."},
		{"PUT", "/users/me", nil, 405, "method_not_allowed", "método"},
	} {
		name := fmt.Sprintf("%s %.60s %.60v", try.method, try.path, try.body)
		r := h.send(try.method, "/api/v1"+try.path, try.body, "Authorization", "Bearer "+c.token)
		p := r.json(t)
		if r.status != try.status || p["code"] != string(try.code) || !strings.Contains(fmt.Sprint(p["detail"]), try.says) {
			t.Errorf("%s: %d %s, want %d %s with %q", name, r.status, r.body, try.status, try.code, try.says)
		}
		for _, english := range []string{"expected", "invalid ", "unexpected", "required", "validation"} {
			if strings.Contains(fmt.Sprint(p["detail"]), english) {
				t.Errorf("%s: English in a Portuguese answer: %s", name, r.body)
			}
		}
		if strings.Contains(r.body, password) {
			t.Errorf("%s: the answer repeats the password", name)
		}
	}
	r := h.send("POST", "/api/v1/users/register", map[string]any{"email": "a@x.com"}, "Accept-Language", "en")
	if p := h.problem(r, 422, core.ReasonRequired); p["detail"] != "Required field: password." {
		t.Errorf("in English: %v", p)
	}
	for _, header := range [][]string{{"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}} {
		h.problem(h.send("POST", "/api/v1/users/register", `{}`, header...), 415, core.ReasonUnsupportedMedia)
		h.problem(h.send("POST", "/api/v1/users/login", `{}`, header...), 415, core.ReasonUnsupportedMedia)
	}
}

// Another tenant's id, an unknown one and a malformed one give the same answer, byte for
// byte, on every route with an id.
func TestForeignIDsLookUnknown(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a, b := h.client("ana@exemplo.com.br"), h.client("bia@exemplo.com.br")
	foreign := a.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "ana-20"}).json(t)["id"].(string)
	for _, route := range []struct {
		method, path string
		body         any
	}{
		{"PUT", "/affiliate-tags/%s", map[string]any{"tag_code": "bia-20"}},
		{"DELETE", "/affiliate-tags/%s", nil},
		{"PATCH", "/groups/source/%s", map[string]any{"is_active": true}},
		{"DELETE", "/groups/source/%s", nil},
		{"PATCH", "/groups/destination/%s", map[string]any{"is_active": true}},
		{"DELETE", "/groups/destination/%s", nil},
		{"GET", "/offers/%s", nil},
		{"POST", "/deliveries/%s/retry", nil},
		{"POST", "/deliveries/%s/cancel", nil},
	} {
		var first string
		for _, id := range []string{foreign, unknownID, "nada", strings.ToUpper(unknownID), "%00"} {
			r := b.do(404, route.method, fmt.Sprintf(route.path, id), route.body)
			if first == "" {
				first = r.body
			}
			if r.body != first {
				t.Errorf("%s %s with %s: %s", route.method, route.path, id, r.body)
			}
		}
	}
	if tags := a.do(200, "GET", "/affiliate-tags", nil).list(t); len(tags) != 1 || tags[0]["tag_code"] != "ana-20" {
		t.Errorf("the victim's tags are now %v", tags)
	}
}

func TestHealthAndHeaders(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.expect(200, "GET", "/healthz", nil)
	h.expect(200, "GET", "/readyz", nil)
	for _, path := range []string{"/healthz", "/api/v1/users/me", "/nowhere", "/docs"} {
		header := h.send("GET", path, nil, "Origin", "https://evil.example").header
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") ||
			!strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
	h.must(h.repo.Close())
	h.expect(200, "GET", "/healthz", nil)
	down := h.send("GET", "/readyz", nil)
	h.problem(down, http.StatusServiceUnavailable, core.ReasonUnavailable)
	if down.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}
