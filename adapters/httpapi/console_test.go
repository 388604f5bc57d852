package httpapi_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
)

// browser walks through the console as a person without JavaScript does: it follows links
// and fills in the forms that pages show.
type browser struct {
	*house
	http     *http.Client
	language string
	page     string // the last one
	path     string
}

func (h *house) browser(language string) *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{house: h, http: &http.Client{Jar: jar}, language: language}
}

func (b *browser) do(status int, method, path string, body url.Values, header ...string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body.Encode()))
	b.must(err)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", b.language)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.http.Do(req)
	b.must(err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode != status {
		b.t.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, status, data)
	}
	b.page, b.path = string(data), res.Request.URL.Path
	return b.page
}

func (b *browser) open(path string) string {
	b.t.Helper()
	return b.do(200, http.MethodGet, path, nil)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// submit sends a form of the page that was opened last, with its token.
func (b *browser) submit(status int, path string, pairs ...string) string {
	b.t.Helper()
	token := csrfField.FindStringSubmatch(b.page)
	if token == nil {
		b.t.Fatalf("%s has no form", b.path)
	}
	body := url.Values{"csrf": {token[1]}}
	for i := 0; i+1 < len(pairs); i += 2 {
		body.Add(pairs[i], pairs[i+1])
	}
	return b.do(status, http.MethodPost, path, body)
}

// shows checks that the last page has all of these words.
func (b *browser) shows(words ...string) {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.page, w) {
			b.t.Errorf("%s does not show %q:\n%s", b.path, w, b.page)
		}
	}
}

func (b *browser) join(email string) {
	b.t.Helper()
	b.open("/register")
	b.submit(200, "/register", "email", email, "password", password, "full_name", "Maria")
	if b.path != "/" {
		b.t.Fatalf("after registering: %s", b.path)
	}
}

func TestConsoleSession(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	b := h.browser("pt-BR")
	b.open("/offers")
	if b.path != "/login" {
		t.Fatalf("a stranger got to %s", b.path)
	}
	b.shows("Entrar", `lang="pt-BR"`)
	b.open("/register")
	b.submit(422, "/register", "email", "nada", "password", password)
	b.shows("Informe um e-mail válido.", `value="nada"`)
	b.submit(422, "/register", "email", "maria@exemplo.com.br", "password", "curta")
	b.shows("8 a 128")
	b.join("maria@exemplo.com.br")
	b.shows("Maria", "maria@exemplo.com.br")
	b.submit(200, "/logout")
	if b.path != "/login" {
		t.Errorf("after the log-out: %s", b.path)
	}
	b.submit(422, "/login", "email", "maria@exemplo.com.br", "password", "errada-errada")
	b.shows("E-mail ou senha incorretos.")
	b.submit(200, "/login", "email", "maria@exemplo.com.br", "password", password, "next", "//evil.example/")
	if b.path != "/" {
		t.Errorf("after the log-in: %s", b.path)
	}
	b.submit(200, "/preferences", "language", "en", "back", "/")
	b.shows(`lang="en"`, "Home")
	b.submit(200, "/preferences", "theme", "dark", "back", "/")
	b.shows(`data-theme="dark"`)
}

func TestConsoleGuardsItsForms(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	b := h.browser("en")
	b.join("maria@exemplo.com.br")
	token := csrfField.FindStringSubmatch(b.page)[1]
	other := h.browser("en")
	other.join("bia@exemplo.com.br")
	for name, c := range map[string]struct {
		token  string
		header []string
	}{
		"no token":            {},
		"somebody else's":     {token: csrfField.FindStringSubmatch(other.page)[1]},
		"from another site":   {token: token, header: []string{"Sec-Fetch-Site", "cross-site"}},
		"from another origin": {token: token, header: []string{"Origin", "https://evil.example"}},
		"a token cut short":   {token: token[1:]},
		"a log-in page's":     {token: "x"},
	} {
		b.do(403, http.MethodPost, "/preferences", url.Values{"csrf": {c.token}, "theme": {"dark"}}, c.header...)
		if strings.Contains(b.open("/"), `data-theme="dark"`) {
			t.Errorf("%s: the form was accepted", name)
		}
	}
	// A token of the API opens no page, and the cookie opens no API.
	u, err := url.Parse(h.url)
	h.must(err)
	var session string
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == "autopromo_session" {
			session = c.Value
		}
	}
	h.expect(401, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+session)
	c := h.client("caio@exemplo.com.br")
	if r := h.expect(200, "GET", "/", nil, "Cookie", "autopromo_session="+c.token); !strings.Contains(r.body, `action="/login"`) {
		t.Error("an access token opened the console")
	}
}

func TestConsoleCookiesAndPolicy(t *testing.T) {
	t.Parallel()
	h := build(t, func(o *httpapi.Options) { o.HTTPS = true })
	page := h.expect(200, "GET", "/login", nil)
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %q", policy)
	}
	for _, bad := range []string{"<style", " style=", " onclick=", "javascript:", "http://", "https://"} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, cookie := range page.header.Values("Set-Cookie") {
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "Secure") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("cookie %q", cookie)
		}
	}
	css := regexp.MustCompile(`/assets/app\.css\?v=[0-9a-f]+`).FindString(page.body)
	if r := h.expect(200, "GET", css, nil); !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %v", css, r.header)
	}
	h.expect(404, "GET", "/assets/../handler.go", nil)
	if r := h.expect(404, "GET", "/nowhere", nil, "Accept", "text/html"); !strings.Contains(r.body, "Página não encontrada") {
		t.Errorf("not a page: %s", r.body)
	}
}
