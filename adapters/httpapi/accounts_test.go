package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/core"
)

func TestNewNamesTheWrongOption(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	key := core.NewSecret(signingKey)
	for want, o := range map[string]httpapi.Options{
		"SigningKey":     {SigningKey: core.NewSecret("curta")},
		"Registration":   {SigningKey: key, Registration: "maybe"},
		"TrustedProxies": {SigningKey: key, TrustedProxies: []string{"not an address"}},
		"negative":       {SigningKey: key, MaxBodyBytes: -1},
	} {
		if _, err := httpapi.New(h.engine, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	if _, err := httpapi.New(nil, httpapi.Options{SigningKey: key}); err == nil {
		t.Error("a nil engine was accepted")
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	made := h.expect(201, "POST", "/api/v1/users/register",
		map[string]any{"email": " Maria@Exemplo.com.br ", "password": password, "full_name": "Maria"}).json(t)
	if made["email"] != "maria@exemplo.com.br" || made["full_name"] != "Maria" || made["is_active"] != true {
		t.Errorf("registered %v", made)
	}
	if config := made["config_json"].(map[string]any); config["window_start"] != "08:00" || config["max_messages_per_day"] != 400.0 {
		t.Errorf("default settings %v", config)
	}
	taken := h.problem(h.send("POST", "/api/v1/users/register", map[string]any{"email": "MARIA@exemplo.com.br", "password": password}),
		400, core.ReasonEmailTaken)
	if taken["detail"] != "Este e-mail já está cadastrado." {
		t.Errorf("detail %q", taken["detail"])
	}
	for name, body := range map[string]any{
		"form":          url.Values{"username": {"MARIA@exemplo.com.br"}, "password": {password}, "grant_type": {"password"}},
		"JSON email":    map[string]string{"email": "maria@exemplo.com.br", "password": password},
		"JSON username": map[string]string{"username": "maria@exemplo.com.br", "password": password},
	} {
		s := h.expect(200, "POST", "/api/v1/users/login", body).json(t)
		if s["token_type"] != "bearer" || s["expires_in"] != 3600.0 || s["refresh_token"] == "" || s["user"].(map[string]any)["id"] != made["id"] {
			t.Errorf("%s: session %v", name, s)
		}
		me := h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+s["access_token"].(string)).json(t)
		if me["id"] != made["id"] {
			t.Errorf("%s: me is %v", name, me)
		}
		// A refresh token is no access token and the other way round.
		h.problem(h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+s["refresh_token"].(string)), 401, core.ReasonUnauthenticated)
		h.problem(h.send("POST", "/api/v1/users/refresh", map[string]any{"refresh_token": s["access_token"]}), 401, core.ReasonUnauthenticated)
		fresh := h.expect(200, "POST", "/api/v1/users/refresh", map[string]any{"refresh_token": s["refresh_token"]}).json(t)
		h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+fresh["access_token"].(string))
	}
	wrong := h.send("POST", "/api/v1/users/login", url.Values{"username": {"maria@exemplo.com.br"}, "password": {"errada-errada"}})
	unknown := h.send("POST", "/api/v1/users/login", url.Values{"username": {"ninguem@exemplo.com.br"}, "password": {"errada-errada"}})
	h.problem(wrong, 401, core.ReasonBadCredentials)
	if wrong.body != unknown.body || wrong.status != unknown.status {
		t.Errorf("a wrong password and an unknown account differ:\n%s%s", wrong.body, unknown.body)
	}
	if wrong.header.Get("WWW-Authenticate") != "Bearer" {
		t.Error("401 without WWW-Authenticate")
	}
}

func TestClosedRegistration(t *testing.T) {
	t.Parallel()
	h := build(t, func(o *httpapi.Options) { o.Registration = httpapi.RegistrationClosed })
	h.problem(h.send("POST", "/api/v1/users/register", map[string]any{"email": "a@b.co", "password": password}),
		403, core.ReasonRegistrationClosed)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := build(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	guess := url.Values{"username": {"maria@exemplo.com.br"}, "password": {"errada-errada"}}
	let := 0
	var last reply
	for i := range 30 { // a forged address must not help
		if last = h.send("POST", "/api/v1/users/login", guess, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)); last.status == 401 {
			let++
		}
	}
	h.problem(last, 429, core.ReasonTooManyAttempts)
	if let != 10 || last.header.Get("Retry-After") != "10" {
		t.Errorf("%d guesses were let through, Retry-After %q", let, last.header.Get("Retry-After"))
	}
}

func TestSettingsMerge(t *testing.T) {
	t.Parallel()
	c := build(t, nil).client("maria@exemplo.com.br")
	c.do(200, "PATCH", "/users/me/config", map[string]any{
		"window_start": "22:30", "min_delay_seconds": 300, "blacklist_stores": []string{"amazon"}, "warm_up": false,
		"unproven": "at_least_once", "max_age_minutes": 90,
	})
	c.do(200, "PATCH", "/users/me/config", map[string]any{"config_json": map[string]any{"window_end": "06:00", "warm_up": nil}})
	// A change that is refused changes nothing.
	c.do(422, "PATCH", "/users/me/config", map[string]any{"window_end": "07:00", "max_messages_per_hour": 0})
	config := c.do(200, "GET", "/users/me", nil).json(t)["config_json"].(map[string]any)
	for key, want := range map[string]any{
		"window_start": "22:30", "window_end": "06:00", "min_delay_seconds": 300.0, "warm_up": false,
		"unproven": "at_least_once", "max_age_minutes": 90.0, "max_messages_per_hour": 60.0, "time_zone": "America/Sao_Paulo",
	} {
		if config[key] != want {
			t.Errorf("%s is %v, want %v", key, config[key], want)
		}
	}
	if stores := config["blacklist_stores"].([]any); len(stores) != 1 || stores[0] != "amazon" {
		t.Errorf("blacklist_stores is %v", stores)
	}
	c.do(200, "PATCH", "/users/me/config", map[string]any{"blacklist_stores": []string{}})
	config = c.do(200, "GET", "/users/me", nil).json(t)["config_json"].(map[string]any)
	if stores := config["blacklist_stores"].([]any); len(stores) != 0 {
		t.Errorf("blacklist_stores was not emptied: %v", stores)
	}
}

// A session ends at once when the account is disabled or its sessions are ended.
func TestForgedAndStaleTokens(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.client("maria@exemplo.com.br")
	sessions, err := h.engine.Tenant(core.TenantID(c.id)).Sessions(t.Context())
	h.must(err)
	sign := func(generation int, subject string, session core.SessionID) string {
		raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"iss": "autopromo", "aud": "autopromo", "sub": subject, "typ": "access", "session": generation, "sid": session,
			"exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString([]byte(signingKey))
		h.must(err)
		return raw
	}
	h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+sign(0, c.id, sessions[0].ID))
	for name, token := range map[string]string{
		"another generation": sign(1, c.id, sessions[0].ID),
		"another session":    sign(0, c.id, unknownID),
		"an unknown tenant":  sign(0, unknownID, sessions[0].ID),
		"no token":           "",
		"dots":               strings.Repeat(".", 8<<10),
	} {
		r := h.send("GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+token)
		if p := h.problem(r, 401, core.ReasonUnauthenticated); p["detail"] != "Entre na sua conta para continuar." {
			t.Errorf("%s: %v", name, p)
		}
	}
	if r := h.send("GET", "/api/v1/users/me", nil); r.status != 401 || r.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a token: %d %v", r.status, r.header)
	}
}
