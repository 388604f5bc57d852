package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// kind is what a route can reach.
type kind string

// The kinds of routes.
const (
	public  kind = "nobody's data"
	own     kind = "the caller's data, without naming any"
	byID    kind = "one thing of the caller's, by its id"
	webhook kind = "a provider's entry"
	operate kind = "all tenants in numbers, for operators alone"
	pageOf  kind = "one thing of the visitor's, by its id, in the console"
)

// routes classifies every route of the server. One that is missing here fails
// TestRoutesKeepTenantsApart: whoever adds it has to say what it can reach.
var routes = map[string]kind{
	"GET /healthz": public, "GET /readyz": public, "GET /openapi.json": public, "GET /openapi.yaml": public,
	"GET /docs": public, "GET /docs/style.css": public,
	"POST /api/v1/users/register": public, "POST /api/v1/users/login": public, "POST /api/v1/users/refresh": public,
	"GET /api/v1/users/me": own, "PATCH /api/v1/users/me/config": own,
	"POST /api/v1/whatsapp/connect": own, "POST /api/v1/whatsapp/pairing-code": own, "POST /whatsapp/code": own, "GET /api/v1/whatsapp/status": own, "GET /api/v1/whatsapp/qr": own,
	"POST /api/v1/whatsapp/discover-groups": own, "DELETE /api/v1/whatsapp/disconnect": own,
	"GET /api/v1/groups/source": own, "POST /api/v1/groups/source": own,
	"PATCH /api/v1/groups/source/:id": byID, "DELETE /api/v1/groups/source/:id": byID,
	"GET /api/v1/groups/destination": own, "POST /api/v1/groups/destination": own,
	"PATCH /api/v1/groups/destination/:id": byID, "DELETE /api/v1/groups/destination/:id": byID,
	"GET /api/v1/affiliate-tags": own, "POST /api/v1/affiliate-tags": own,
	"PUT /api/v1/affiliate-tags/:id": byID, "DELETE /api/v1/affiliate-tags/:id": byID,
	"GET /api/v1/stores": own, "POST /api/v1/links/preview": own,
	"GET /api/v1/offers": own, "GET /api/v1/offers/:id": byID,
	"POST /api/v1/deliveries/:id/retry": byID, "POST /api/v1/deliveries/:id/cancel": byID,
	"GET /api/v1/dead-letters": own, "POST /api/v1/dead-letters/:id/redrive": byID,
	"GET /api/v1/dashboard/stats": own, "GET /api/v1/dashboard/recent-offers": own,
	"GET /assets/:name": public, "GET /login": public, "POST /login": public, "GET /register": public, "POST /register": public,
	"POST /logout": public, "POST /preferences": public, "GET /": own,
	"GET /api/v1/events": own, "GET /events": own, "GET /offers": own, "GET /offers/:id": pageOf,
	"POST /deliveries/:id/retry": pageOf, "POST /deliveries/:id/cancel": pageOf,
	"GET /rules": own, "POST /rules": own, "GET /account": own, "POST /account/password": own, "POST /account/sessions": own,
	"POST /account/sessions/:id/end": pageOf, "POST /account/api-keys": own, "POST /account/api-keys/:id/revoke": pageOf,
	"GET /api/v1/account/api-keys": own, "POST /api/v1/account/api-keys": own, "DELETE /api/v1/account/api-keys/:id": byID,
	"GET /api/v1/account/sessions": own, "DELETE /api/v1/account/sessions": own, "DELETE /api/v1/account/sessions/:id": byID,
	"GET /account/export": own, "POST /account/erase": own, "GET /api/v1/account/export": own, "DELETE /api/v1/account": own,
	"GET /whatsapp/connect": own, "GET /account/password": own, "GET /account/api-keys": own, "GET /account/erase": own, "GET /operator/tenants/:id/limits": operate,
	"GET /operator": operate, "GET /operator/tenants": operate, "GET /operator/tenants/:id": operate, "GET /operator/instances": operate,
	"POST /operator/tenants/:id/active": operate, "POST /operator/tenants/:id/limits": operate, "GET /operator/lanes": operate, "GET /operator/audit": operate,
	"GET /api/v1/operator/tenants": operate, "GET /api/v1/operator/tenants/:id": operate, "PATCH /api/v1/operator/tenants/:id": operate,
	"GET /api/v1/operator/instances": operate, "GET /api/v1/operator/lanes": operate, "GET /api/v1/operator/audit-log": operate, "GET /api/v1/operator/health": operate,
	"GET /history": own, "GET /attention": own, "POST /dead-letters/:id/redrive": pageOf, "GET /preview": own, "POST /preview": own,
	"GET /whatsapp": own, "GET /whatsapp/qr.png": own, "POST /whatsapp/connect": own, "POST /whatsapp/disconnect": own,
	"GET /groups": own, "POST /groups": own, "POST /groups/discover": own,
	"GET /stores": own, "GET /stores/:slug": own, "POST /stores/:slug": own,
	"POST /stores/:slug/check": own, "POST /stores/:slug/remove": own,
	"POST /api/v1/webhook/whatsapp": webhook, "POST /hooks/:provider/:token": webhook, "POST /api/v1/hooks/:provider/:token": webhook,
}

// resident is a tenant with something of everything, whose own words hold a canary.
type resident struct {
	*client
	canary  string
	phone   *fakewhatsapp.Phone
	group   *fakewhatsapp.Group
	source  *fakewhatsapp.Group
	poster  *fakewhatsapp.Phone // who posts in the source
	session string
	ids     map[string][]string // by the route's collection
}

// neighbours are tenants in one house, each with messages, offers and deliveries.
func neighbours(t *testing.T, names ...string) (*house, []*resident) {
	h := build(t, nil)
	h.run()
	poster, err := h.world.AddPhone("5511900000001", "Ana")
	h.must(err)
	var all []*resident
	for i, name := range names {
		r := &resident{client: h.client(name + "@exemplo.com.br"), canary: "canario" + name, ids: map[string][]string{}}
		r.phone, err = h.world.AddPhone(fmt.Sprintf("551190000001%d", i), r.canary)
		h.must(err)
		source, err := h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Fonte " + r.canary, Admins: []*fakewhatsapp.Phone{poster}})
		h.must(err)
		source.Add(r.phone)
		r.source, r.poster = source, poster
		r.group, err = h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Destino " + r.canary, Admins: []*fakewhatsapp.Phone{r.phone}})
		h.must(err)
		r.connect(r.phone)
		r.session = r.do(200, "GET", "/whatsapp/status", nil).json(t)["instance_name"].(string)
		r.keep("groups/source", r.do(201, "POST", "/groups/source", map[string]any{"source_group_id": source.JID(), "label": r.canary}))
		r.keep("groups/destination", r.do(201, "POST", "/groups/destination", map[string]any{"destination_group_id": r.group.JID(), "label": r.canary}))
		r.keep("affiliate-tags", r.do(201, "POST", "/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": r.canary + "-20"}))
		r.do(201, "POST", "/affiliate-tags", map[string]any{
			"store_slug": "loja-secreta", "fields": map[string]string{"app_id": "1", "app_secret": "segredo" + r.canary}})
		_, err = poster.PostText(source.JID(), "Fone "+r.canary+" https://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20")
		h.must(err)
		r.eventually("the offer is sent", func() bool {
			return strings.Contains(r.do(200, "GET", "/offers", nil).body, `"state":"sent"`)
		})
		offer := r.do(200, "GET", "/offers", nil).json(t)["items"].([]any)[0].(map[string]any)
		r.ids["offers"] = []string{offer["id"].(string)}
		r.ids["deliveries"] = []string{offer["deliveries"].([]any)[0].(map[string]any)["id"].(string)}
		r.ids["dead-letters"] = []string{r.dead(source)}
		r.keep("account/api-keys", r.do(201, "POST", "/account/api-keys", map[string]any{"name": r.canary}))
		r.ids["account/sessions"] = []string{r.do(200, "GET", "/account/sessions", nil).list(t)[0]["id"].(string)}
		all = append(all, r)
	}
	return h, all
}

func (r *resident) keep(collection string, made reply) {
	r.ids[collection] = append(r.ids[collection], made.json(r.t)["id"].(string))
}

// dead sets a message of the tenant's aside.
func (r *resident) dead(source *fakewhatsapp.Group) string {
	r.t.Helper()
	ctx, repo := r.t.Context(), r.repo.Tenant(core.TenantID(r.id))
	inst, err := repo.Instance().Get(ctx)
	r.must(err)
	now := r.repo.Now()
	id, err := core.NewUUID(now, strings.NewReader(strings.Repeat(r.canary, 10)))
	r.must(err)
	_, _, err = repo.Inbox().Accept(ctx, core.InboxEntry{
		ID: core.InboxID(id), InstanceID: inst.ID, Key: core.MessageKey{Chat: source.JID(), Participant: "1@lid", ID: "VENENO"},
		Text: "Veneno " + r.canary, SentAt: now, ReceivedAt: now, RetryAt: now.Add(1 << 40), State: core.InboxNew,
	})
	r.must(err)
	claims, err := repo.Inbox().Claim(ctx, now.Add(1<<41), now.Add(1<<42), 1)
	r.must(err)
	if len(claims) != 1 || string(claims[0].ID) != id {
		r.t.Fatalf("claimed %d", len(claims))
	}
	claims[0].State, claims[0].Reason = core.InboxDead, core.ReasonPoison
	r.must(repo.Inbox().Finish(ctx, claims[0]))
	return id
}

// everything is all that the tenant can see of itself, for comparison.
func (r *resident) everything() string {
	var b strings.Builder
	for _, path := range []string{
		"/users/me", "/whatsapp/status", "/groups/source", "/groups/destination", "/affiliate-tags", "/offers", "/dead-letters",
		"/dashboard/stats", "/dashboard/recent-offers", "/account/api-keys", "/account/sessions",
	} {
		b.WriteString(r.do(200, "GET", path, nil).body + "\n")
	}
	return b.String()
}

func TestRoutesKeepTenantsApart(t *testing.T) {
	h, all := neighbours(t, "bia", "caio")
	intruder, victim := all[0], all[1]
	visitor := h.browser("pt-BR")
	visitor.open("/login")
	visitor.submit(200, "/login", "email", "bia@exemplo.com.br", "password", password)
	token := csrfField.FindStringSubmatch(visitor.page)[1]
	before := victim.everything()
	engineRoutes := h.handler.(*gin.Engine).Routes()
	cases, leaks := 0, 0
	seen := map[string]bool{}
	for _, route := range engineRoutes {
		name := route.Method + " " + route.Path
		seen[name] = true
		class, known := routes[name]
		if !known {
			t.Errorf("%s is not classified: say in the list what it can reach", name)
			continue
		}
		if class == pageOf {
			theirs := victim.ids[strings.TrimPrefix(strings.Split(route.Path, "/:")[0], "/")]
			if len(theirs) == 0 {
				t.Errorf("%s: the victim has nothing to try it with", name)
			}
			for _, id := range theirs {
				try := func(id string) string {
					return strings.ReplaceAll(visitor.do(404, route.Method, strings.Replace(route.Path, ":id", id, 1), url.Values{"csrf": {token}}), id, "")
				}
				cases++
				if foreign, unknown := try(id), try(unknownID); foreign != unknown || strings.Contains(foreign, victim.canary) {
					leaks++
					t.Errorf("%s tells another tenant's id from an unknown one", name)
				}
			}
			continue
		}
		if class == operate {
			cases++
			unlike(h, route.Method, strings.Replace(route.Path, ":id", victim.id, 1), intruder, visitor)
			continue
		}
		if class != byID {
			continue
		}
		collection := strings.TrimPrefix(strings.Split(route.Path, "/:")[0], "/api/v1/")
		theirs := victim.ids[collection]
		if len(theirs) == 0 {
			t.Errorf("%s: the victim has nothing to try it with", name)
		}
		for _, id := range theirs {
			for _, body := range []any{nil, map[string]any{}, map[string]any{"label": "roubado"}, map[string]any{"is_active": false}, map[string]any{"tag_code": "roubada-20"}} {
				for _, language := range []string{"pt-BR", "en"} {
					try := func(id string) reply {
						return h.send(route.Method, strings.Replace(route.Path, ":id", id, 1), body,
							"Authorization", "Bearer "+intruder.token, "Accept-Language", language)
					}
					foreign, unknown := try(id), try(unknownID)
					cases++
					// The problem names the path it is about, and so the id that was asked for.
					same := strings.ReplaceAll(foreign.body, id, "") == strings.ReplaceAll(unknown.body, unknownID, "")
					if foreign.status != unknown.status || !same || foreign.status < 400 {
						leaks++
						t.Errorf("%s with another tenant's id: %d %s\nwith an unknown one: %d %s", name, foreign.status, foreign.body, unknown.status, unknown.body)
					}
				}
			}
		}
	}
	// Ids that a form carries.
	for _, id := range victim.ids["affiliate-tags"] {
		for _, path := range []string{"/stores/amazon", "/stores/amazon/remove"} {
			cases++
			visitor.do(404, http.MethodPost, path, url.Values{"csrf": {token}, "id": {id}, "f.tag": {"roubada-20"}})
		}
	}
	for _, path := range []string{"/", "/offers", "/history", "/history?group=" + victim.ids["groups/destination"][0], "/groups", "/stores", "/stores/amazon", "/attention", "/rules", "/account", "/whatsapp", "/account/export"} {
		cases++
		if page := visitor.open(path); strings.Contains(page, victim.canary) || !strings.Contains(page, "bia") {
			leaks++
			t.Errorf("%s shows something of another tenant, or nothing of this one", path)
		}
	}
	for name := range routes {
		if !seen[name] {
			t.Errorf("%s is in the list and not in the server", name)
		}
	}
	if after := victim.everything(); after != before {
		t.Errorf("the victim changed:\n%s\nbefore:\n%s", after, before)
	}
	t.Logf("routes %d, cases %d, leaks %d", len(engineRoutes), cases, leaks)
}

// unlike reports when an address tells anybody but an operator that something is there.
func unlike(h *house, method, path string, intruder *resident, visitor *browser) {
	h.t.Helper()
	nowhere := "/nowhere"
	if strings.HasPrefix(path, "/api/") {
		nowhere = "/api/v1/nowhere"
	}
	body := url.Values{"csrf": {"x"}, "active": {"false"}}
	key := intruder.do(201, "POST", "/account/api-keys", map[string]any{"name": "x"}).json(h.t)
	for who, header := range map[string][]string{
		"a stranger": nil, "a tenant": {"Authorization", "Bearer " + intruder.token}, "a tenant's program": {"Authorization", "Bearer " + key["key"].(string)},
		"a stranger's browser": {"Accept", "text/html", "Cookie", "autopromo_browser=AAAAAAAAAAAAAAAAAAAAAA"},
	} {
		got, want := h.send(method, path, body, header...), h.send(method, nowhere, body, header...)
		if got.status != 404 || want.status != 404 || strings.ReplaceAll(got.body, path, "") != strings.ReplaceAll(want.body, nowhere, "") {
			h.t.Errorf("%s %s tells %s that it is there: %d %s\nand nowhere %d %s", method, path, who, got.status, got.body, want.status, want.body)
		}
	}
	intruder.do(204, "DELETE", "/account/api-keys/"+key["id"].(string), nil)
	if method == http.MethodGet && !strings.HasPrefix(path, "/api/") {
		try := func(path string) string { return strings.ReplaceAll(visitor.do(404, method, path, nil), path, "") }
		if got, want := try(path), try(nowhere); got != want {
			h.t.Errorf("%s tells a tenant's browser that it is there:\n%s\nand nowhere:\n%s", path, got, want)
		}
	}
}

func TestWebhooksAndDoorbellsKeepTenantsApart(t *testing.T) {
	h, all := neighbours(t, "bia", "caio")
	intruder, victim := all[0], all[1]
	// What the provider was told of each, as whoever reads its webhooks could know it.
	hooks := map[string]http.Header{}
	paths := map[string]string{}
	for _, i := range h.evolution.Instances() {
		hooks[i.Name] = http.Header{}
		for k, v := range i.WebhookHeaders {
			hooks[i.Name].Set(k, v)
		}
		paths[i.Name] = strings.TrimPrefix(i.WebhookURL, h.url)
	}
	body := func(session string) string {
		return fmt.Sprintf(`{"event":"connection.update","instance":%q,"data":{"instance":%q,"state":"close","statusReason":401}}`, session, session)
	}
	header := func(of http.Header, name string) []string {
		var pairs []string
		for k := range of {
			pairs = append(pairs, k, of.Get(k))
		}
		if name != "" {
			pairs = append(pairs, "X-Instance-Name", name)
		}
		return pairs
	}
	mine, theirs := hooks[intruder.session], hooks[victim.session]
	refused := 0
	for what, try := range map[string]reply{
		"my secret at their address":          h.send("POST", paths[victim.session], body(victim.session), header(mine, victim.session)...),
		"my secret with their name":           h.send("POST", "/api/v1/webhook/whatsapp", body(victim.session), header(mine, victim.session)...),
		"their name in the body at mine":      h.send("POST", paths[intruder.session], body(victim.session), header(mine, intruder.session)...),
		"their name in the header at mine":    h.send("POST", paths[intruder.session], body(intruder.session), header(mine, victim.session)...),
		"no secret at all":                    h.send("POST", paths[victim.session], body(victim.session)),
		"their secret with the name in lower": h.send("POST", paths[intruder.session], body(victim.session), header(theirs, victim.session)...),
	} {
		if try.status < 400 || try.status >= 500 {
			t.Errorf("%s: %d %s", what, try.status, try.body)
		}
		refused++
	}
	// A doorbell that names somebody else's message finds nothing there.
	entry := victim.ids["dead-letters"][0]
	h.must(h.engine.Tenant(core.TenantID(victim.id)).Redrive(t.Context(), core.InboxID(entry)))
	victim.eventually("the redriven message is processed", func() bool {
		return strings.Contains(victim.do(200, "GET", "/dashboard/stats", nil).body, `"no_link"`)
	})
	if got := intruder.do(200, "GET", "/offers", nil).body; strings.Contains(got, victim.canary) {
		t.Errorf("the intruder sees %s", got)
	}
	after := victim.do(200, "GET", "/whatsapp/status", nil).body
	if !strings.Contains(after, `"connected"`) {
		t.Errorf("the victim's session: %s", after)
	}
	t.Logf("forged webhooks refused %d", refused)
}

// TestCanariesStayAtHome looks for each tenant's own word in everything made for others.
func TestCanariesStayAtHome(t *testing.T) {
	h, all := neighbours(t, "bia", "caio", "davi")
	looks, found := 0, 0
	look := func(where, text string, of *resident) {
		looks++
		if strings.Contains(text, of.canary) {
			found++
			t.Errorf("%s holds the word of %s", where, of.canary)
		}
	}
	for _, r := range all {
		seen := r.everything() + r.do(200, "GET", "/stores", nil).body + r.do(200, "GET", "/offers/"+r.ids["offers"][0], nil).body
		if !strings.Contains(seen, r.canary) {
			t.Errorf("%s does not see its own word", r.canary)
		}
		var posts strings.Builder
		for _, p := range h.world.PostedVia(r.session) {
			fmt.Fprintln(&posts, p.Group, p.Text)
		}
		var calls strings.Builder
		for _, c := range h.evolution.Calls() {
			if c.Instance == r.session {
				calls.Write(c.Body)
			}
		}
		for _, other := range all {
			if other != r {
				look("what "+r.canary+" sees", seen, other)
				look("what "+r.canary+"'s session posted", posts.String(), other)
				look("what the provider was told for "+r.canary, calls.String(), other)
			}
		}
		// Nobody's words are logged, nor any secret.
		look("the log", h.log.String(), r)
	}
	for _, secret := range []string{adminKey, signingKey, password} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	t.Logf("looks %d, found %d", looks, found)
}

func TestDeadLettersOverTheAPI(t *testing.T) {
	_, all := neighbours(t, "bia")
	bia := all[0]
	page := bia.do(200, "GET", "/dead-letters?limit=1", nil).json(t)
	item := page["items"].([]any)[0].(map[string]any)
	reason := item["reason"].(map[string]any)
	if item["raw_text"] != "Veneno canariobia" || reason["code"] != "poison" || page["next_cursor"] != nil {
		t.Errorf("dead letters: %v", page)
	}
	id := item["id"].(string)
	bia.do(204, "POST", "/dead-letters/"+id+"/redrive", nil)
	bia.problem(bia.do(409, "POST", "/dead-letters/"+id+"/redrive", nil), 409, core.ReasonConflict)
	bia.eventually("it is processed", func() bool {
		return strings.Contains(bia.do(200, "GET", "/dashboard/stats", nil).body, `"no_link"`)
	})
	if got := bia.do(200, "GET", "/dead-letters", nil).body; strings.Contains(got, id) {
		t.Errorf("still a dead letter: %s", got)
	}
	if keys := slices.Collect(maps.Keys(bia.ids)); len(keys) < 6 {
		t.Errorf("collections %v", keys)
	}
}
