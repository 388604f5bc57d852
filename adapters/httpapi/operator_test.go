package httpapi_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// appoint makes the account with an e-mail an operator's.
func (h *house) appoint(email string) {
	h.t.Helper()
	_, err := engine.AppointOperator(h.t.Context(), h.repo, email, true)
	h.must(err)
}

// An operator sees every tenant in numbers, and not one word of theirs.
func TestOperatorSeesNumbersAlone(t *testing.T) {
	t.Parallel()
	h, all := neighbours(t, "bia", "caio")
	op := h.client("op@exemplo.com.br")
	h.appoint("op@exemplo.com.br")
	b := h.browser("pt-BR")
	b.open("/login")
	b.submit(200, "/login", "email", "op@exemplo.com.br", "password", password)
	b.shows(`href="/operator"`)
	bia, caio := all[0], all[1]
	var seen strings.Builder
	for _, path := range []string{
		"/operator", "/operator/tenants", "/operator/tenants?q=BIA%40", "/operator/tenants/" + bia.id, "/operator/instances", "/operator/lanes", "/operator/audit",
	} {
		seen.WriteString(b.open(path))
	}
	for _, path := range []string{"/tenants", "/tenants/" + bia.id, "/tenants?search=caio", "/instances", "/lanes", "/audit-log", "/health"} {
		seen.WriteString(op.do(200, "GET", "/operator"+path, nil).body)
	}
	for _, r := range all {
		if strings.Contains(seen.String(), r.canary) {
			t.Errorf("an operator is shown a word of %s", r.canary)
		}
	}
	tenant := op.do(200, "GET", "/operator/tenants/"+bia.id, nil).json(t)
	for name, want := range map[string]any{
		"email": "bia@exemplo.com.br", "is_active": true, "is_operator": false, "status": "connected", "active_sources": 1.0, "active_destinations": 1.0,
		"sent_last_24h": 1.0, "pending": 0.0, "held": 0.0,
	} {
		if tenant[name] != want {
			t.Errorf("%s is %v, want %v", name, tenant[name], want)
		}
	}
	health := op.do(200, "GET", "/operator/health", nil).json(t)
	if health["lost"] != 0.0 || health["accepted"] != 4.0 || health["offers"] != 2.0 || health["version"] != "test" {
		t.Errorf("health %v", health)
	}
	b.open("/operator")
	b.shows("A conta fecha", "4 aceitas = 2 viraram ofertas")
	b.open("/operator/instances")
	b.shows("caio@exemplo.com.br", "Conectado")
	if found := b.open("/operator/tenants?q=BIA%40"); !strings.Contains(found, bia.id) || strings.Contains(found, caio.id) {
		t.Error("the search does not find")
	}

	// Pages of a list, with a cursor that is this operator's alone.
	first := op.do(200, "GET", "/operator/tenants?limit=2", nil).json(t)
	second := op.do(200, "GET", "/operator/tenants?limit=2&cursor="+first["next_cursor"].(string), nil).json(t)
	if len(first["items"].([]any)) != 2 || len(second["items"].([]any)) != 1 || second["next_cursor"] != nil {
		t.Errorf("pages %v and %v", first, second)
	}
	op.do(404, "GET", "/operator/tenants/"+unknownID, nil)
	b.do(404, "GET", "/operator/tenants/"+unknownID, nil)
	b.do(404, "GET", "/operator/tenants/x", nil)
}

func TestOperatorGoverns(t *testing.T) {
	t.Parallel()
	h, all := neighbours(t, "bia")
	bia := all[0]
	op := h.client("op@exemplo.com.br")
	h.appoint("op@exemplo.com.br")
	b := h.browser("pt-BR")
	b.open("/login")
	b.submit(200, "/login", "email", "op@exemplo.com.br", "password", password)
	page := "/operator/tenants/" + bia.id
	b.open(page)
	b.submit(422, page+"/limits", "max_destinations", "muitos", "max_per_day", "5")
	b.shows("Valor fora do permitido", `value="muitos"`)
	b.submit(422, page+"/limits", "max_per_day", "2001")
	b.submit(200, page+"/limits", "max_destinations", "1", "max_per_day", "25")
	b.shows("Salvo.", "destinos: 1; mensagens por dia: 25", "limite por dia: 25", "por op@exemplo.com.br")

	// The limits hold: a second group to post to is refused, one that is on stays on.
	if me := bia.do(200, "GET", "/users/me", nil).json(t)["limits"].(map[string]any); me["max_destinations"] != 1.0 || me["max_per_day"] != 25.0 {
		t.Errorf("the tenant is told %v", me)
	}
	full := bia.do(409, "POST", "/groups/destination", map[string]any{"destination_group_id": "120363099999999999@g.us", "label": "x"})
	bia.problem(full, 409, core.ReasonDestinationLimit)
	waiting := bia.do(201, "POST", "/groups/destination", map[string]any{"destination_group_id": "120363099999999999@g.us", "label": "x", "is_active": false}).json(t)
	change := func(id string, status int, on bool) {
		t.Helper()
		bia.do(status, "PATCH", "/groups/destination/"+id, map[string]any{"is_active": on})
	}
	change(waiting["id"].(string), 409, true)
	change(bia.ids["groups/destination"][0], 200, true)
	change(bia.ids["groups/destination"][0], 200, false)
	change(waiting["id"].(string), 200, true)
	change(bia.ids["groups/destination"][0], 409, true)

	mine := h.browser("pt-BR")
	mine.open("/login")
	mine.submit(200, "/login", "email", "bia@exemplo.com.br", "password", password)
	mine.open("/groups")
	mine.shows("Você posta em 1 de 1 grupo que o plano")
	mine.open("/rules")
	mine.shows("permite 25 mensagens por dia")

	// Shut out at once, and let in again.
	b.open(page)
	b.submit(200, page+"/active", "active", "false")
	b.shows("Conta desativada", "Desativada")
	bia.do(401, "GET", "/users/me", nil)
	h.problem(h.send("POST", "/api/v1/users/login", map[string]string{"email": "bia@exemplo.com.br", "password": password}), 403, core.ReasonAccountInactive)
	b.submit(200, page+"/active", "active", "true")
	bia.do(200, "GET", "/users/me", nil)
	got := op.do(200, "PATCH", "/operator/tenants/"+bia.id, map[string]any{"limits": map[string]int{"max_destinations": 0, "max_per_day": 0}}).json(t)
	if got["limits"].(map[string]any)["max_per_day"] != 0.0 || got["is_active"] != true {
		t.Errorf("after the change %v", got)
	}
	op.do(422, "PATCH", "/operator/tenants/"+bia.id, map[string]any{"limits": map[string]int{"max_destinations": -1, "max_per_day": 0}})
	op.problem(op.do(409, "PATCH", "/operator/tenants/"+op.id, map[string]any{"is_active": false}), 409, core.ReasonOwnAccount)
	op.do(404, "PATCH", "/operator/tenants/"+unknownID, map[string]any{"is_active": false})

	// Everything is written down, for operators and for the tenant.
	log := op.do(200, "GET", "/operator/audit-log", nil).json(t)["items"].([]any)
	var actions []string
	for _, e := range log {
		actions = append(actions, e.(map[string]any)["action"].(string))
	}
	if got := strings.Join(actions, " "); got != "limits activate deactivate limits operator_add" {
		t.Errorf("audit log %s", got)
	}
	b.open("/operator/audit")
	b.shows("bia@exemplo.com.br", "Limites alterados", "Tornou-se operador", "linha de comando")
	if exported := bia.do(200, "GET", "/account/export", nil).body; len(regexp.MustCompile(`"action": "`).FindAllString(exported, -1)) != 4 {
		t.Error("the export lacks what was done to the tenant")
	}

	// Whoever is no operator any more finds nothing, at once.
	_, err := engine.AppointOperator(t.Context(), h.repo, "op@exemplo.com.br", false)
	h.must(err)
	op.do(404, "GET", "/operator/tenants", nil)
	b.do(404, "GET", "/operator", nil)
}
