package console

import (
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Account is the page of the account itself.
type Account struct {
	Password, Erase, NewKey Form
	Keys                    []core.APIKey
	// Key is one that was just made, and is shown this once.
	Key      string
	Sessions []core.Session
	// Session is the visitor's own.
	Session core.SessionID
	Audit   []core.AuditEntry
}

// Device names a client by its User-Agent, in words that are the same in every language, such
// as "Firefox · Android"; programs are named by what they call themselves.
func Device(userAgent string) string {
	name := func(names [][2]string) string {
		for _, n := range names {
			if strings.Contains(userAgent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	// Browsers claim to be each other: the one that says most comes first.
	browser := name([][2]string{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := name([][2]string{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	})
	switch {
	case browser != "" && system != "":
		return browser + " · " + system
	case browser != "":
		return browser
	}
	program, _, _ := strings.Cut(userAgent, " ")
	program, _, _ = strings.Cut(program, "/")
	if program == "" || len(program) > 40 {
		return "?"
	}
	return program
}

func (v View) device(s core.Session) string {
	if d := Device(s.Device); d != "?" {
		return d
	}
	return v.T("Aparelho desconhecido", "Unknown device")
}

// usedOn says when a key was used last, to the day.
func (v View) usedOn(k core.APIKey) string {
	switch today := core.Day(v.Now); {
	case k.UsedOn.IsZero():
		return v.T("nunca usada", "never used")
	case k.UsedOn.Equal(today):
		return v.T("usada hoje", "used today")
	case k.UsedOn.Equal(today.Add(-24 * time.Hour)):
		return v.T("usada ontem", "used yesterday")
	}
	return v.T("usada em ", "used on ") + v.day(k.UsedOn)
}

// day is a date; those of keys are UTC days and shown as such.
func (v View) day(t time.Time) string { return t.Format(v.T("02/01/2006", "Jan 2, 2006")) }

// auditWord says what an operator did.
func (v View) auditWord(a core.AuditAction) string {
	switch a {
	case core.TenantActivated:
		return v.T("Conta ativada", "Account activated")
	case core.TenantDeactivated:
		return v.T("Conta desativada", "Account deactivated")
	case core.LimitsChanged:
		return v.T("Limites alterados", "Limits changed")
	case core.OperatorAdded:
		return v.T("Tornou-se operador", "Became an operator")
	case core.OperatorRemoved:
		return v.T("Deixou de ser operador", "Is no operator any more")
	}
	return string(a)
}
