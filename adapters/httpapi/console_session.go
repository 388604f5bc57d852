package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

func (v *visit) showLogin() error {
	return v.show(http.StatusOK, v.view.Login(v.Query("next"), console.Form{}))
}

func (v *visit) login() error {
	tenant, err := v.checkCredentials(v.ctx, credentials{Email: v.field("email"), Password: v.Request.PostForm.Get("password")})
	if _, sentence, ok := v.refused(err); ok {
		f := v.typed()
		f.Fault = sentence
		return v.show(http.StatusUnprocessableEntity, v.view.Login(v.field("next"), f))
	} else if err != nil {
		return err
	}
	return v.begin(tenant, localPath(v.field("next")))
}

func (v *visit) showRegister() error {
	if !v.view.Registration {
		return core.NewError(core.CodeForbidden, core.ReasonRegistrationClosed, "")
	}
	return v.show(http.StatusOK, v.view.Register(console.Form{}))
}

func (v *visit) register() error {
	name := v.field("full_name")
	tenant, err := v.createAccount(v.ctx, registration{
		Email: v.field("email"), Password: v.Request.PostForm.Get("password"), FullName: &name,
	})
	if field, sentence, ok := v.refused(err); ok {
		f := v.typed()
		if field == "email" || field == "password" || field == "full_name" {
			f.Faults[field] = sentence
		} else {
			f.Fault = sentence
		}
		return v.show(http.StatusUnprocessableEntity, v.view.Register(f))
	} else if err != nil {
		return err
	}
	return v.begin(tenant, "/")
}

// begin starts a session of the browser.
func (v *visit) begin(tenant core.Tenant, path string) error {
	session, err := v.engine.Tenant(tenant.ID).BeginSession(v.ctx, engine.NewSession{
		Browser: true, Device: aboutOf(v.ctx).userAgent, Life: v.options.RefreshTTL,
	})
	if err != nil {
		return err
	}
	token, err := v.tokens.issue(consoleToken, tenant, session)
	if err != nil {
		return err
	}
	v.setCookie(v.sessionName(v.Context), token, v.options.RefreshTTL)
	v.leadTo(path)
	return nil
}

func (v *visit) logout() error {
	if v.tenant != nil {
		if err := v.tenant.EndSession(v.ctx, v.session); err != nil && core.CodeOf(err) != core.CodeNotFound {
			return err
		}
	}
	v.setCookie(v.sessionName(v.Context), "", 0)
	v.leadTo("/login")
	return nil
}

// prefer remembers the language and the theme in the browser.
func (v *visit) prefer() error {
	switch language := v.field("language"); language {
	case string(core.Portuguese), string(core.English):
		v.setCookie(languageCookie, language, preferenceLife)
	}
	switch theme := v.field("theme"); theme {
	case "light", "dark":
		v.setCookie(themeCookie, theme, preferenceLife)
	case "auto":
		v.setCookie(themeCookie, "", 0)
	}
	v.leadTo(localPath(v.field("back")))
	return nil
}

// localPath is an address within the console, "/" for any other: a form must not send its
// reader to another host.
func localPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") ||
		strings.ContainsAny(raw, "\\\r\n\t") {
		return "/"
	}
	return raw
}
