package console

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
)

// View is what every page is rendered for: a reader, a moment and a place.
type View struct {
	Language core.Language
	Theme    string // "light", "dark", or "" for what the device prefers
	Path     string // of the page
	CSRF     string // goes into every form
	Version  string // of the assets
	Now      time.Time
	// Account is nil before the log-in.
	Account *core.Tenant
	// Status is how the tenant's WhatsApp stands, "" when none was ever connected.
	Status core.InstanceStatus
	Notice Notice
	// Demo says that a button may make a simulated group receive an offer.
	Demo bool
	// Reload has a page without JavaScript load itself again after so many seconds; 0 for not.
	Reload int
	// Registration says whether anybody may create an account.
	Registration bool
	// StoreNames are by slug.
	StoreNames map[string]string
}

// Notice is what the last action of the reader came to.
type Notice struct {
	Text string // "" for none
	Bad  bool
}

// T is one sentence in the reader's language.
func (v View) T(pt, en string) string {
	if v.Language == core.English {
		return en
	}
	return pt
}

// Tf is T with values.
func (v View) Tf(pt, en string, values ...any) string { return fmt.Sprintf(v.T(pt, en), values...) }

// Count is a number with its noun, such as "3 grupos".
func (v View) Count(n int, ptOne, ptMany, enOne, enMany string) string {
	if n == 1 {
		return "1 " + v.T(ptOne, enOne)
	}
	return v.Number(n) + " " + v.T(ptMany, enMany)
}

// Number groups thousands.
func (v View) Number(n int) string {
	digits, separator := fmt.Sprint(n), v.T(".", ",")
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}

func (v View) asset(name string) string { return "/assets/" + name + "?v=" + v.Version }

// current marks the link to the page that is shown.
func (v View) current(path string) bool {
	if path == "/" {
		return v.Path == "/"
	}
	return v.Path == path || strings.HasPrefix(v.Path, path+"/")
}

func (v View) location() *time.Location {
	if v.Account == nil {
		return time.UTC
	}
	return v.Account.Settings.Location()
}

// Clock is the time of day in the tenant's zone, with the day unless it is today.
func (v View) Clock(t time.Time) string {
	t = t.In(v.location())
	now := v.Now.In(v.location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format(v.T("02/01 15:04", "Jan 2 15:04"))
}

// machineTime is the moment for programs that read the page.
func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Stamp is the full moment, for a tooltip.
func (v View) Stamp(t time.Time) string {
	return t.In(v.location()).Format(v.T("02/01/2006 15:04:05", "Jan 2, 2006 15:04:05"))
}

// Ago is how long ago t was, in words.
func (v View) Ago(t time.Time) string {
	d := v.Now.Sub(t)
	switch {
	case d < time.Minute:
		return v.T("agora", "just now")
	case d < time.Hour:
		return v.Tf("há %d min", "%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return v.Tf("há %d h", "%d h ago", int(d.Hours()))
	}
	return v.Clock(t)
}

// Span is a duration in words, such as "20 s" or "1 min 30 s".
func (v View) Span(d time.Duration) string {
	minutes, seconds := int(d/time.Minute), int(d%time.Minute/time.Second)
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	case minutes == 0:
		return fmt.Sprintf("%d s", seconds)
	case seconds == 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d min %d s", minutes, seconds)
}

// name is what the tenant is called.
func (v View) name() string {
	if v.Account.FullName != "" {
		return v.Account.FullName
	}
	local, _, _ := strings.Cut(v.Account.Email, "@")
	return local
}

// initial is the first letter of a name.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.ToUpper(strings.TrimSpace(name)))
	if r == utf8.RuneError {
		return "?"
	}
	return string(r)
}

// Form is what a form shows again after it was refused: the values typed and what is wrong
// with each.
type Form struct {
	Values map[string]string
	Faults map[string]string
	// Fault is what is wrong with the form as a whole.
	Fault string
}

// Value is what was typed into a field.
func (f Form) Value(name string) string { return f.Values[name] }

// phone writes a number of digits the Brazilian way where it is one.
func phone(digits string) string {
	if len(digits) == 13 && strings.HasPrefix(digits, "55") {
		return "+55 " + digits[2:4] + " " + digits[4:9] + "-" + digits[9:]
	}
	return "+" + digits
}

// storeName is what people call a store; one that is gone is shown by its slug.
func (v View) storeName(slug string) string {
	if name := v.StoreNames[slug]; name != "" {
		return name
	}
	return slug
}
