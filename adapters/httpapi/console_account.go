package httpapi

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
)

func (v *visit) showAccount() error { return v.accountPage(http.StatusOK, console.Account{}) }

// accountPage shows the account with what the last form of it came to.
func (v *visit) accountPage(status int, page console.Account) (err error) {
	page.Session = v.session
	if page.Keys, err = v.tenant.APIKeys(v.ctx); err != nil {
		return err
	}
	if page.Sessions, err = v.tenant.Sessions(v.ctx); err != nil {
		return err
	}
	if page.Audit, err = v.tenant.Audit(v.ctx); err != nil {
		return err
	}
	return v.show(status, v.view.MyAccount(page))
}

// changePassword ends every session and begins a new one of this browser.
func (v *visit) changePassword() error {
	f := console.Form{Faults: map[string]string{}}
	refuse := func(err error, field string) error {
		_, sentence, ok := v.refused(err)
		if !ok {
			return err
		}
		f.Faults[field] = sentence
		return v.accountPage(http.StatusUnprocessableEntity, console.Account{Password: f})
	}
	next := v.Request.PostForm.Get("new_password")
	if err := checkPassword(next); err != nil {
		return refuse(err, "new_password")
	}
	if err := v.confirm(v.ctx, *v.view.Account, v.Request.PostForm.Get("old_password")); err != nil {
		return refuse(wrongPassword(err), "old_password")
	}
	hash, err := v.passwords.hash(v.ctx, next)
	if err != nil {
		return err
	}
	tenant, err := v.tenant.EndSessions(v.ctx, hash)
	if err != nil {
		return err
	}
	v.notify("password_changed")
	return v.begin(tenant, "/account")
}

// wrongPassword says the one thing that can be wrong when the e-mail is known.
func wrongPassword(err error) error {
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return core.NewError(core.CodeInvalid, core.ReasonWrongPassword, "")
	}
	return err
}

func (v *visit) endOtherSessions() error {
	return v.act(v.tenant.EndOtherSessions(v.ctx, v.session), "/account#sessions", "sessions_ended")
}

func (v *visit) endSession() error {
	id, err := parseID[core.SessionID](v.Param("id"))
	if err == nil {
		err = v.tenant.EndSession(v.ctx, id)
	}
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, "/account#sessions", "session_ended")
}

// createAPIKey answers with the page itself and no redirect: the key is nowhere but in this
// answer. A reload asks the browser's user first, and then makes another one.
func (v *visit) createAPIKey() error {
	_, key, err := v.tenant.CreateAPIKey(v.ctx, v.field("name"))
	if field, sentence, ok := v.refused(err); ok {
		f := v.typed()
		if field == "name" {
			f.Faults[field] = sentence
		} else {
			f.Fault = sentence
		}
		return v.accountPage(http.StatusUnprocessableEntity, console.Account{NewKey: f})
	} else if err != nil {
		return err
	}
	return v.accountPage(http.StatusOK, console.Account{Key: key.Reveal()})
}

func (v *visit) revokeAPIKey() error {
	id, err := parseID[core.APIKeyID](v.Param("id"))
	if err == nil {
		err = v.tenant.RevokeAPIKey(v.ctx, id)
	}
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, "/account#api-keys", "key_revoked")
}

func (v *visit) exportAccount() error {
	v.export(v.Context, identity{account: *v.view.Account, session: v.session})
	return nil
}

func (v *visit) eraseAccount() error {
	err := wrongPassword(v.confirm(v.ctx, *v.view.Account, v.Request.PostForm.Get("password")))
	if _, sentence, ok := v.refused(err); ok {
		f := console.Form{Faults: map[string]string{"password": sentence}}
		return v.accountPage(http.StatusUnprocessableEntity, console.Account{Erase: f})
	} else if err != nil {
		return err
	}
	if err := v.tenant.Erase(v.ctx); err != nil {
		return err
	}
	v.setCookie(v.sessionName(v.Context), "", 0)
	v.notify("erased")
	v.leadTo("/login")
	return nil
}
