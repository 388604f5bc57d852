package console

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Health is the operator's first page.
type Health struct {
	engine.Health
	Version string
}

// Tenants is a page of the list of tenants.
type Tenants struct {
	Search string
	Items  []repository.TenantSummary
	Next   string
	Later  bool
}

func (p Tenants) path() string { return "/operator/tenants?q=" + url.QueryEscape(p.Search) }

// Tenant is the page of one tenant.
type Tenant struct {
	repository.TenantSummary
	Limits Form
	Audit  []core.AuditEntry
}

// Audit is a page of the audit log.
type Audit struct {
	Items  []core.AuditEntry
	Emails map[core.TenantID]string
	Next   string
	Later  bool
}

// operatorMenu lists the operator's pages.
func (v View) operatorMenu() []menuItem {
	return []menuItem{
		{"/operator", "pulse", v.T("Saúde", "Health")},
		{"/operator/tenants", "groups", v.T("Contas", "Tenants")},
		{"/operator/instances", "phone", v.T("Conexões", "Connections")},
		{"/operator/lanes", "clock", v.T("Filas de envio", "Lanes")},
		{"/operator/audit", "history", v.T("Registro", "Audit log")},
	}
}

// here marks the operator's page that is shown; the first one's address begins all others'.
func (v View) here(path string) bool {
	if path == "/operator" {
		return v.Path == path
	}
	return v.current(path)
}

// shade is the class of a term: one that is zero stands back.
func (p part) shade() string {
	if p.n == 0 {
		return "plain"
	}
	return p.how
}

// part is one term of the ledger's equation.
type part struct {
	name string
	n    int
	how  string // class
}

// accepted is how many messages were ever accepted.
func (h Health) accepted() (n int) {
	for _, count := range h.Ledger.Inbox {
		n += count
	}
	return n
}

// messages says where the accepted messages are.
func (v View) messages(h Health) []part {
	in := h.Ledger.Inbox
	return []part{
		{v.T("viraram ofertas", "became offers"), in[core.InboxDone], "good"},
		{v.T("não eram ofertas", "were no offers"), in[core.InboxSkipped], ""},
		{v.T("apagadas pelo autor", "taken back by their author"), in[core.InboxRevoked], ""},
		{v.T("em processamento", "being processed"), in[core.InboxNew] + in[core.InboxClaimed] + in[core.InboxWaiting], "wait"},
		{v.T("postas de lado", "set aside"), in[core.InboxDead], "bad"},
	}
}

// deliveries says where the deliveries are.
func (v View) deliveries(h Health) (parts []part) {
	for _, state := range core.DeliveryStates() {
		parts = append(parts, part{v.stateName(state), h.Ledger.Deliveries[state], stateClass(state)})
	}
	return parts
}

// equation is the ledger in one line.
func (v View) equation(h Health) string {
	text := v.Tf("%s aceitas =", "%s accepted =", v.Number(h.accepted()))
	for i, p := range v.messages(h) {
		if i > 0 {
			text += " +"
		}
		text += " " + v.Number(p.n) + " " + p.name
	}
	return text
}

// milliseconds is a short time, as people compare it.
func (v View) milliseconds(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < 10*time.Millisecond:
		return strings.Replace(fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000), ".", v.T(",", "."), 1)
	}
	return v.Number(int(d.Milliseconds())) + " ms"
}

// limit is a limit in words.
func (v View) limit(n int) string {
	if n == 0 {
		return v.T("sem limite", "no limit")
	}
	return v.Number(n)
}

// limits are the values the form begins with.
func (t Tenant) limits() Form {
	if t.Limits.Values != nil {
		return t.Limits
	}
	f := Form{Values: map[string]string{}}
	if t.TenantSummary.Limits.Destinations > 0 {
		f.Values["max_destinations"] = strconv.Itoa(t.TenantSummary.Limits.Destinations)
	}
	if t.TenantSummary.Limits.PerDay > 0 {
		f.Values["max_per_day"] = strconv.Itoa(t.TenantSummary.Limits.PerDay)
	}
	return f
}

// auditDetail says in words what an entry has as detail.
func (v View) auditDetail(e core.AuditEntry) string {
	var l core.Limits
	if n, err := fmt.Sscanf(e.Detail, "max_destinations=%d max_per_day=%d", &l.Destinations, &l.PerDay); n != 2 || err != nil {
		return e.Detail
	}
	return v.Tf("destinos: %s; mensagens por dia: %s", "destinations: %s; messages a day: %s", v.limit(l.Destinations), v.limit(l.PerDay))
}

// actor is who did it; what no account did was done where the program runs.
func (v View) actor(e core.AuditEntry) string {
	if e.Actor == "command line" {
		return v.T("linha de comando", "command line")
	}
	return e.Actor
}

// statusText is how somebody's WhatsApp stands.
func (v View) statusText(s core.InstanceStatus) string {
	switch s {
	case core.InstanceConnected:
		return v.T("Conectado", "Connected")
	case core.InstanceConnecting:
		return v.T("Conectando", "Connecting")
	case core.InstanceDisconnected:
		return v.T("Desconectado", "Disconnected")
	}
	return v.T("Nunca conectou", "Never connected")
}

// moment is when something is, or that it is now.
func (v View) moment(t time.Time) string {
	if !t.After(v.Now) {
		return v.T("agora", "now")
	}
	return v.Clock(t)
}
