package console

import (
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Home is the first page.
type Home struct {
	Stats    core.Stats
	Offers   []core.Offer
	Activity []core.Activity // by the hour, of the last ChartHours
}

// ChartHours is how many hours the chart of the first page covers.
const ChartHours = 24

// step is one line of the first-run checklist.
type step struct {
	done             bool
	title, why, path string
	action           string
}

// steps lead a new tenant to the first offer. Each ticks itself.
func (v View) steps(h Home) []step {
	return []step{
		{v.Status == core.InstanceConnected, v.T("Conecte o WhatsApp", "Connect WhatsApp"),
			v.T("Leia um QR code com o celular.", "Scan a QR code with the phone."), "/whatsapp", v.T("Conectar", "Connect")},
		{h.Stats.ActiveSources > 0 && h.Stats.ActiveDestinations > 0, v.T("Escolha os grupos", "Choose the groups"),
			v.T("Pelo menos um para ler e um para postar.", "At least one to read and one to post to."), "/groups", v.T("Escolher", "Choose")},
		{h.Stats.Tags > 0, v.T("Cadastre as suas tags", "Add your tags"),
			v.T("É o que faz a venda ser sua.", "They make the sale yours."), "/stores", v.T("Cadastrar", "Add")},
		{h.Stats.Deliveries[core.DeliverySent] > 0, v.T("A primeira oferta sai sozinha", "The first offer goes out by itself"),
			v.T("Assim que um grupo que você lê postar.", "As soon as a group you read posts one."), "/offers", v.T("Ver ofertas", "See offers")},
	}
}

func (v View) started(h Home) bool {
	for _, s := range v.steps(h) {
		if !s.done {
			return false
		}
	}
	return true
}

// nextSend says when the next message may go out.
func (v View) nextSend(h Home) string {
	switch {
	case h.Stats.Deliveries[core.DeliveryPending] == 0:
		return v.T("Nada na fila", "Nothing queued")
	case v.Status != core.InstanceConnected:
		return v.T("Quando o WhatsApp voltar", "When WhatsApp is back")
	case h.Stats.NextSendAt.After(v.Now):
		return v.T("Próxima às ", "Next at ") + v.Clock(h.Stats.NextSendAt)
	}
	return v.T("A próxima sai agora", "The next one goes now")
}

// bar is one hour of the chart, in its own units: the chart is 720 wide and 180 high.
type bar struct {
	x, offers, sent int // heights
	label           string
	title           string
}

const (
	chartWidth  = 720
	chartHeight = 150
)

// bars are the hours of the chart, the oldest first.
func (v View) bars(h Home) []bar {
	byHour := map[int64]core.Activity{}
	most := 1
	for _, a := range h.Activity {
		byHour[a.At.Unix()] = a
		most = max(most, a.Offers, a.Sent)
	}
	start := ChartStart(v.Now)
	all := make([]bar, ChartHours)
	for i := range all {
		at := start.Add(time.Duration(i) * time.Hour)
		a := byHour[at.Unix()]
		local := at.In(v.location())
		all[i] = bar{
			x: i * chartWidth / ChartHours, offers: a.Offers * chartHeight / most, sent: a.Sent * chartHeight / most,
			title: fmt.Sprintf("%s: %s, %s", local.Format("15:04"),
				v.Count(a.Offers, "oferta", "ofertas", "offer", "offers"), v.Count(a.Sent, "envio", "envios", "delivery", "deliveries")),
		}
		if i%4 == 3 {
			all[i].label = local.Format(v.T("15h", "15:00"))
		}
	}
	return all
}

// ChartStart is the hour the chart of a moment begins with.
func ChartStart(now time.Time) time.Time {
	return now.UTC().Truncate(time.Hour).Add(-(ChartHours - 1) * time.Hour)
}

func (v View) chartSummary(h Home) string {
	offers, sent := 0, 0
	for _, a := range h.Activity {
		offers += a.Offers
		sent += a.Sent
	}
	return v.Tf("Últimas 24 horas: %d ofertas e %d envios", "Last 24 hours: %d offers and %d deliveries", offers, sent)
}

// heldMost are the reasons that hold most.
func heldMost(h Home) []Tally {
	all := Tallies(h.Stats.HeldByReason)
	return all[:min(len(all), 4)]
}
