package httpapi

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
)

func (v *visit) showAccount() error {
	return v.show(http.StatusOK, v.view.MyAccount(console.Form{}, console.Form{}))
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
		return v.show(http.StatusUnprocessableEntity, v.view.MyAccount(f, console.Form{}))
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
	return v.renew(hash, "password_changed")
}

// wrongPassword says the one thing that can be wrong when the e-mail is known.
func wrongPassword(err error) error {
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return core.NewError(core.CodeInvalid, core.ReasonWrongPassword, "")
	}
	return err
}

func (v *visit) endSessions() error { return v.renew(core.Secret{}, "sessions_ended") }

func (v *visit) renew(hash core.Secret, done word) error {
	tenant, err := v.tenant.EndSessions(v.ctx, hash)
	if err != nil {
		return err
	}
	v.notify(done)
	return v.begin(tenant, "/account")
}

func (v *visit) exportAccount() error {
	v.export(v.Context, *v.view.Account)
	return nil
}

func (v *visit) eraseAccount() error {
	err := wrongPassword(v.confirm(v.ctx, *v.view.Account, v.Request.PostForm.Get("password")))
	if _, sentence, ok := v.refused(err); ok {
		f := console.Form{Faults: map[string]string{"password": sentence}}
		return v.show(http.StatusUnprocessableEntity, v.view.MyAccount(console.Form{}, f))
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
