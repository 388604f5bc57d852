package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// consoleToken is the kind of token in the console's cookie. It opens nothing else, and no
// other token opens the console.
const consoleToken = "console"

// The console's cookies.
const (
	sessionCookie  = "autopromo_session"
	browserCookie  = "autopromo_browser" // a random number that CSRF tokens are bound to
	languageCookie = "autopromo_language"
	themeCookie    = "autopromo_theme"
	noticeCookie   = "autopromo_notice"
)

const preferenceLife = 365 * 24 * time.Hour

// consolePolicy lets pages load what this server itself serves, and nothing inline.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// visit is one request of a browser to the console.
type visit struct {
	*server
	*gin.Context
	ctx    context.Context
	view   console.View
	tenant *engine.Tenant // nil before the log-in
	// session is the visitor's own.
	session core.SessionID
}

// access says who may open a page.
type access int

const (
	anybody   access = iota // with or without a session
	strangers               // those who have one are led home
	tenants                 // those who have none are led to the log-in
	operators               // for everybody else nothing is there
)

// registerConsole adds the pages. Those that change something are POST, need a CSRF token
// and answer with a redirect, so that a reload repeats nothing.
func (s *server) registerConsole() error {
	assets, err := console.LoadAssets()
	if err != nil {
		return err
	}
	s.assets, s.storeNames = assets, map[string]string{}
	for _, store := range s.engine.Stores() {
		s.storeNames[store.Slug()] = store.Name()
	}
	s.router.GET("/assets/:name", s.serveAsset)
	for _, p := range s.pages() {
		s.router.Handle(p.method, p.path, s.visit(p.who, p.do))
	}
	return nil
}

// page is one route of the console.
type page struct {
	method, path string
	who          access
	do           func(*visit) error
}

func (s *server) pages() []page {
	all := append(operatorPages(), []page{
		{http.MethodGet, "/login", strangers, (*visit).showLogin},
		{http.MethodPost, "/login", strangers, (*visit).login},
		{http.MethodGet, "/register", strangers, (*visit).showRegister},
		{http.MethodPost, "/register", strangers, (*visit).register},
		{http.MethodPost, "/logout", anybody, (*visit).logout},
		{http.MethodPost, "/preferences", anybody, (*visit).prefer},
		{http.MethodGet, "/", tenants, (*visit).showHome},
		{http.MethodGet, "/events", tenants, (*visit).streamEvents},
		{http.MethodGet, "/offers", tenants, (*visit).showOffers},
		{http.MethodGet, "/offers/:id", tenants, (*visit).showOffer},
		{http.MethodPost, "/deliveries/:id/retry", tenants, (*visit).retryDelivery},
		{http.MethodPost, "/deliveries/:id/cancel", tenants, (*visit).cancelDelivery},
		{http.MethodGet, "/history", tenants, (*visit).showHistory},
		{http.MethodGet, "/attention", tenants, (*visit).showAttention},
		{http.MethodPost, "/dead-letters/:id/redrive", tenants, (*visit).redrive},
		{http.MethodGet, "/preview", tenants, (*visit).showPreview},
		{http.MethodGet, "/rules", tenants, (*visit).showRules},
		{http.MethodPost, "/rules", tenants, (*visit).saveRules},
		{http.MethodGet, "/account", tenants, (*visit).showAccount},
		// Where a form was answered with a page, that page can be asked for again.
		{http.MethodGet, "/whatsapp/connect", tenants, (*visit).showWhatsApp},
		{http.MethodGet, "/account/password", tenants, (*visit).showAccount},
		{http.MethodGet, "/account/api-keys", tenants, (*visit).showAccount},
		{http.MethodGet, "/account/erase", tenants, (*visit).showAccount},
		{http.MethodPost, "/account/password", tenants, (*visit).changePassword},
		{http.MethodPost, "/account/sessions", tenants, (*visit).endOtherSessions},
		{http.MethodPost, "/account/sessions/:id/end", tenants, (*visit).endSession},
		{http.MethodPost, "/account/api-keys", tenants, (*visit).createAPIKey},
		{http.MethodPost, "/account/api-keys/:id/revoke", tenants, (*visit).revokeAPIKey},
		{http.MethodGet, "/account/export", tenants, (*visit).exportAccount},
		{http.MethodPost, "/account/erase", tenants, (*visit).eraseAccount},
		{http.MethodPost, "/preview", tenants, (*visit).preview},
		{http.MethodGet, "/whatsapp", tenants, (*visit).showWhatsApp},
		{http.MethodGet, "/whatsapp/qr.png", tenants, (*visit).qrPicture},
		{http.MethodPost, "/whatsapp/connect", tenants, (*visit).connect},
		{http.MethodPost, "/whatsapp/code", tenants, (*visit).pairingCode},
		{http.MethodPost, "/whatsapp/disconnect", tenants, (*visit).disconnect},
		{http.MethodGet, "/groups", tenants, (*visit).showGroups},
		{http.MethodPost, "/groups", tenants, (*visit).changeGroup},
		{http.MethodPost, "/groups/discover", tenants, (*visit).discoverGroups},
		{http.MethodGet, "/stores", tenants, (*visit).showStores},
		{http.MethodGet, "/stores/:slug", tenants, (*visit).showStore},
		{http.MethodPost, "/stores/:slug", tenants, (*visit).saveTag},
		{http.MethodPost, "/stores/:slug/check", tenants, (*visit).checkTag},
		{http.MethodPost, "/stores/:slug/remove", tenants, (*visit).removeTag},
	}...)
	if s.options.Demo != nil {
		all = append(all, page{http.MethodPost, "/demo", tenants, (*visit).play})
	}
	return all
}

func (s *server) serveAsset(c *gin.Context) {
	file, ok := s.assets.Get(c.Param("name"))
	if !ok {
		s.notFound(c)
		return
	}
	if c.Query("v") == s.assets.Version {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		c.Header("Cache-Control", "public, max-age=86400")
	}
	c.Data(http.StatusOK, file.ContentType, file.Data)
}

// visit makes a gin handler of a page.
func (s *server) visit(who access, do func(*visit) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		v, err := s.arrive(c)
		if err == nil && who == operators && (v.view.Account == nil || !v.view.Account.Operator) {
			v.missing()
			return
		}
		if err == nil {
			err = v.enter(who, do)
		}
		if err != nil {
			v.wrong(err)
		}
	}
}

// arrive finds out who visits, and what they prefer.
func (s *server) arrive(c *gin.Context) (*visit, error) {
	c.Header("Content-Security-Policy", consolePolicy)
	c.Header("Vary", "Accept-Language, Cookie")
	a := aboutOf(c.Request.Context())
	switch cookieOf(c, languageCookie) {
	case string(core.Portuguese):
		a.language = core.Portuguese
	case string(core.English):
		a.language = core.English
	}
	c.Header("Content-Language", string(a.language))
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), aboutKey{}, a))
	v := &visit{server: s, Context: c, ctx: c.Request.Context()}
	v.view = console.View{
		Language: a.language, Path: c.Request.URL.Path, Version: s.assets.Version, Now: s.options.Clock(),
		Registration: s.options.Registration == RegistrationOpen, Demo: s.options.Demo != nil, StoreNames: s.storeNames,
	}
	if theme := cookieOf(c, themeCookie); theme == "light" || theme == "dark" {
		v.view.Theme = theme
	}
	who, err := s.identify(v.ctx, consoleToken, s.sessionOf(c))
	switch {
	case err == nil:
		c.Set(tenantKey, string(who.account.ID))
		v.view.Account, v.tenant, v.session = &who.account, s.engine.Tenant(who.account.ID), who.session
	case core.CodeOf(err) != core.CodeUnauthenticated:
		return v, err
	}
	v.bindBrowser()
	if c.Request.Method == http.MethodGet {
		v.view.Notice = v.takeNotice()
	}
	return v, nil
}

// bindBrowser gives the browser its random number, and the page the token that only forms
// of ours for this browser and this tenant have.
func (v *visit) bindBrowser() {
	browser := cookieOf(v.Context, browserCookie)
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(browser); err != nil || len(raw) != 16 {
		browser = base64.RawURLEncoding.EncodeToString(random16())
		v.setCookie(browserCookie, browser, preferenceLife)
	}
	mac := hmac.New(sha256.New, v.formKey)
	mac.Write([]byte(browser))
	if v.view.Account != nil {
		mac.Write([]byte("|" + string(v.view.Account.ID)))
	}
	v.view.CSRF = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// random16 is 128 random bits; crypto/rand does not fail since Go 1.24.
func random16() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return b
}

var errForged = errors.New("the form is not ours, or too old")

// enter lets a visitor in, or leads them to the right door.
func (v *visit) enter(who access, do func(*visit) error) error {
	if v.Request.Method == http.MethodPost {
		if err := v.readForm(); err != nil {
			return err
		}
	}
	switch {
	case who == tenants && v.tenant == nil:
		if v.Request.Method == http.MethodGet && v.view.Path != "/" {
			v.leadTo("/login?next=" + url.QueryEscape(v.Request.URL.RequestURI()))
		} else {
			v.leadTo("/login")
		}
		return nil
	case who == strangers && v.tenant != nil:
		v.leadTo("/")
		return nil
	}
	if v.tenant != nil && v.Request.Method == http.MethodGet {
		inst, err := v.tenant.LastInstance(v.ctx)
		if err != nil && core.CodeOf(err) != core.CodeNotFound {
			return err
		}
		v.view.Status = inst.Status
	}
	return do(v)
}

// readForm reads a form that one of our own pages sent. Both proofs are asked for: the
// browser's word on where the request began, and the token of the page.
func (v *visit) readForm() error {
	if err := v.origin.Check(v.Request); err != nil {
		return errForged
	}
	if err := v.Request.ParseForm(); err != nil {
		return core.NewError(core.CodeInvalid, core.ReasonMalformedBody, "")
	}
	if !hmac.Equal([]byte(v.Request.PostForm.Get("csrf")), []byte(v.view.CSRF)) {
		return errForged
	}
	for name, values := range v.Request.PostForm {
		for _, value := range values {
			if strings.ContainsRune(value, 0) {
				return core.InvalidField(name, core.ReasonInvalidField, "")
			}
		}
	}
	return nil
}

// field is what was typed into a form, without surrounding space.
func (v *visit) field(name string) string { return strings.TrimSpace(v.Request.PostForm.Get(name)) }

// typed is a form to be shown again, with everything that is not a secret.
func (v *visit) typed() console.Form {
	f := console.Form{Values: map[string]string{}, Faults: map[string]string{}}
	for name := range v.Request.PostForm {
		if name != "csrf" && !strings.Contains(name, "password") && !strings.Contains(name, "key") {
			f.Values[name] = v.Request.PostForm.Get(name)
		}
	}
	return f
}

// show answers with a page.
func (v *visit) show(status int, page templ.Component) error {
	v.Header("Content-Type", "text/html; charset=utf-8")
	v.Status(status)
	if v.Request.Method == http.MethodHead {
		return nil
	}
	if err := page.Render(v.ctx, v.Writer); err != nil {
		_ = v.Error(err) // the client went away; the status is out already
	}
	return nil
}

// leadTo redirects with a GET.
func (v *visit) leadTo(path string) { v.Redirect(http.StatusSeeOther, path) }

// wrong shows an error. One that a form is to blame for is shown where the form was, by
// who handles it; what arrives here has no better place.
func (v *visit) wrong(err error) {
	if errors.Is(err, errForged) {
		text := v.view.T("Volte, recarregue a página e envie de novo. Nada foi alterado.", "Go back, reload the page and send it again. Nothing was changed.")
		_ = v.show(http.StatusForbidden, v.view.Wrong(http.StatusForbidden, text))
		return
	}
	p := v.problem(v.ctx, err)
	for name, values := range p.headers {
		v.Writer.Header()[name] = values
	}
	_ = v.show(p.Status, v.view.Wrong(p.Status, p.Detail))
}

// refused is the sentence for an error of a person's action, which the caller shows beside
// the form, and the input to blame. ok=false leaves an error that is nobody's input.
func (v *visit) refused(err error) (field, sentence string, ok bool) {
	if err == nil {
		return "", "", false
	}
	p := v.problem(v.ctx, err)
	var e *core.Error
	if errors.As(err, &e) {
		field = e.Field
	}
	return field, p.Detail, p.Status != http.StatusInternalServerError
}

// act ends an action: back to a page, with a word on how it went.
func (v *visit) act(err error, path string, done word) error {
	if err == nil {
		v.notify(done)
		v.leadTo(path)
		return nil
	}
	p := v.problem(v.ctx, err)
	if p.Status == http.StatusInternalServerError {
		return err
	}
	v.setCookie(noticeCookie, "-"+base64.RawURLEncoding.EncodeToString([]byte(p.Detail)), time.Minute)
	v.leadTo(path)
	return nil
}

// notFound is the answer to an address nothing is at.
func (s *server) notFound(c *gin.Context) {
	if !wantsPage(c) {
		s.refuse(c, core.ErrNotFound)
		return
	}
	v, err := s.arrive(c)
	if err != nil {
		v.wrong(err)
		return
	}
	v.missing()
}

// missing answers that nothing is at an address.
func (v *visit) missing() {
	if wantsPage(v.Context) {
		v.wrong(core.ErrNotFound)
		return
	}
	v.refuse(v.Context, core.ErrNotFound)
}

// wantsPage says whether a person with a browser is asking, not a program.
func wantsPage(c *gin.Context) bool {
	return c.Request.Method == http.MethodGet && strings.Contains(c.GetHeader("Accept"), "text/html") &&
		!strings.HasPrefix(c.Request.URL.Path, "/api/")
}
