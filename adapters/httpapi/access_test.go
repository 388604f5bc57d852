package httpapi_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestAPIKeyOpensWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	made := c.do(201, "POST", "/account/api-keys", map[string]any{"name": " Planilha "}).json(t)
	key := made["key"].(string)
	if !strings.HasPrefix(key, "ap_") || len(key) != 55 || made["prefix"] != key[:9] || made["name"] != "Planilha" || made["last_used_on"] != nil {
		t.Errorf("made %v", made)
	}
	if listed := c.do(200, "GET", "/account/api-keys", nil).body; strings.Contains(listed, key) || !strings.Contains(listed, key[:9]) {
		t.Errorf("listed %s", listed)
	}
	for _, name := range []string{"", "  ", strings.Repeat("x", 101)} {
		c.problem(c.do(422, "POST", "/account/api-keys", map[string]any{"name": name}), 422, core.ReasonOutOfRange)
	}

	// Every operation, with the key: what takes it, takes it; what does not, says so.
	takes, refuses := 0, 0
	for path, item := range h.expect(200, "GET", "/openapi.json", nil).json(t)["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			security, _ := op.(map[string]any)["security"].([]any)
			if len(security) == 0 || strings.HasSuffix(path, "/events") {
				continue
			}
			operator := strings.Contains(path, "/operator")
			r := h.send(strings.ToUpper(method), strings.ReplaceAll(path, "{id}", unknownID), nil, "Authorization", "Bearer "+key)
			name := method + " " + path
			switch {
			case len(security) == 2:
				takes++
				if r.status == 401 || r.status == 403 {
					t.Errorf("%s refuses the key: %d %s", name, r.status, r.body)
				}
			case operator:
				refuses++
				if r.status != 404 {
					t.Errorf("%s tells a key that it is there: %d", name, r.status)
				}
			default:
				refuses++
				h.problem(r, 403, core.ReasonNeedsLogin)
			}
		}
	}
	if takes < 25 || refuses < 7 {
		t.Errorf("operations with a key: %d take it, %d refuse it", takes, refuses)
	}
	c.do(200, "GET", "/users/me", nil) // it disconnected, erased and changed nothing of the account itself
	if keys := c.do(200, "GET", "/account/api-keys", nil).list(t); keys[0]["last_used_on"] != core.Day(h.engine.Now()).Format(time.DateOnly) {
		t.Errorf("last use %v", keys[0]["last_used_on"])
	}
	if exported := c.do(200, "GET", "/account/export", nil).body; !strings.Contains(exported, `"Planilha"`) || strings.Contains(exported, key) {
		t.Error("the export lacks the key's name, or has the key")
	}

	other := h.client("caio@exemplo.com.br")
	if me := h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "bearer "+key).json(t); me["id"] != c.id || me["id"] == other.id {
		t.Errorf("the key is of %v", me["id"])
	}
	for what, bad := range map[string]string{
		"another key": "ap_" + strings.Repeat("A", 52), "half a key": key[:30], "a long one": "ap_" + strings.Repeat("A", 5000),
		"another case": strings.ToLower(key[:3]) + strings.ToLower(key[3:]),
	} {
		if r := h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+bad); r.status != 401 {
			t.Errorf("%s: %d", what, r.status)
		}
	}
	_, err := h.engine.Operations("op@exemplo.com.br").SetActive(t.Context(), core.TenantID(c.id), false)
	h.must(err)
	h.problem(h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key), 401, core.ReasonUnauthenticated)
	_, err = h.engine.Operations("op@exemplo.com.br").SetActive(t.Context(), core.TenantID(c.id), true)
	h.must(err)
	h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key)
	c.do(204, "DELETE", "/account/api-keys/"+made["id"].(string), nil)
	h.problem(h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key), 401, core.ReasonUnauthenticated)
	for range core.MaxAPIKeys {
		c.do(201, "POST", "/account/api-keys", map[string]any{"name": "x"})
	}
	c.problem(c.do(409, "POST", "/account/api-keys", map[string]any{"name": "x"}), 409, core.ReasonTooManyKeys)
	if strings.Contains(h.log.String(), key) {
		t.Error("the log holds the key")
	}
}

func TestSessionsEndOneByOne(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	login := func(agent string) (access, refresh string) {
		s := h.expect(200, "POST", "/api/v1/users/login", url.Values{"username": {"maria@exemplo.com.br"}, "password": {password}}, "User-Agent", agent).json(t)
		return s["access_token"].(string), s["refresh_token"].(string)
	}
	me := func(token string) int {
		return h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+token).status
	}
	exchange := func(token string) reply {
		return h.send("POST", "/api/v1/users/refresh", map[string]any{"refresh_token": token})
	}
	robot, robotRefresh := login("planilha/2.0 (linux)")
	find := func(device string) map[string]any {
		for _, s := range c.do(200, "GET", "/account/sessions", nil).list(t) {
			if s["device"] == device {
				return s
			}
		}
		t.Fatalf("no session of %s", device)
		return nil
	}
	session := find("planilha")
	if session["kind"] != "program" || session["current"] != false {
		t.Errorf("session %v", session)
	}
	if mine := find("Go-http-client"); mine["current"] != true {
		t.Errorf("own session %v", mine)
	}
	c.do(204, "DELETE", "/account/sessions/"+session["id"].(string), nil)
	if me(robot) != 401 || exchange(robotRefresh).status != 401 || me(c.token) != 200 {
		t.Error("an ended session goes on, or another one ended")
	}
	c.do(404, "DELETE", "/account/sessions/"+session["id"].(string), nil)

	// Each refresh token is exchanged once, and again when the answer got lost.
	access, first := login("a")
	second := exchange(first)
	again := exchange(first)
	if second.status != 200 || again.status != 200 || me(access) != 200 {
		t.Fatalf("exchanges: %d %d", second.status, again.status)
	}
	third := exchange(second.json(t)["refresh_token"].(string))
	if third.status != 200 {
		t.Fatalf("third: %d %s", third.status, third.body)
	}
	h.problem(exchange(first), 401, core.ReasonUnauthenticated) // somebody has an old one
	if me(access) != 401 || me(third.json(t)["access_token"].(string)) != 401 || exchange(third.json(t)["refresh_token"].(string)).status != 401 {
		t.Error("a session goes on although two parties had its token")
	}
	if me(c.token) != 200 {
		t.Error("another session ended with it")
	}

	a, _ := login("a")
	b, _ := login("b")
	c.do(204, "DELETE", "/account/sessions", nil)
	if me(a) != 401 || me(b) != 401 || me(c.token) != 200 || len(c.do(200, "GET", "/account/sessions", nil).list(t)) != 1 {
		t.Error("the others did not end, or this one did")
	}
}

func TestConsoleKeysAndSessions(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	b := h.browser("pt-BR")
	b.join("maria@exemplo.com.br")
	b.open("/account")
	b.shows("este navegador", "Atual", "Chaves de API")
	b.submit(422, "/account/api-keys", "name", "")
	b.submit(200, "/account/api-keys", "name", "Planilha <b>")
	key := regexp.MustCompile(`ap_[A-Z2-7]{52}`).FindString(b.page)
	b.shows("Copie a chave agora", "Planilha &lt;b&gt;", "nunca usada")
	h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key)
	if page := b.open("/account"); strings.Contains(page, key) || !strings.Contains(page, "usada hoje") {
		t.Error("the key is shown again, or its use is not")
	}
	b.submit(200, regexp.MustCompile(`/account/api-keys/[0-9a-f-]{36}/revoke`).FindString(b.page))
	b.shows("Chave revogada")
	if r := h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key); r.status != 401 {
		t.Errorf("a revoked key: %d", r.status)
	}

	second, third := h.browser("en"), h.browser("en")
	for _, other := range []*browser{second, third} {
		other.open("/login")
		other.submit(200, "/login", "email", "maria@exemplo.com.br", "password", password)
	}
	b.open("/account")
	ends := regexp.MustCompile(`/account/sessions/[0-9a-f-]{36}/end`).FindAllString(b.page, -1)
	if len(ends) != 2 {
		t.Fatalf("sessions to end: %v", ends)
	}
	b.submit(200, ends[0]) // that used last
	b.shows("Sessão encerrada")
	if page := third.open("/offers"); !strings.Contains(page, `action="/login"`) {
		t.Error("an ended session goes on")
	}
	if page := second.open("/offers"); strings.Contains(page, `action="/login"`) {
		t.Error("another session ended")
	}
	b.submit(200, "/account/sessions")
	if page := second.open("/offers"); !strings.Contains(page, `action="/login"`) {
		t.Error("the other session goes on")
	}
	b.open("/account")
	b.submit(200, "/logout")
	if n, err := h.engine.Tenant(h.tenantID("maria@exemplo.com.br")).Sessions(t.Context()); err != nil || len(n) != 0 {
		t.Errorf("sessions after the log-out: %d, %v", len(n), err)
	}
}
