package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// Connection is the page about the tenant's WhatsApp.
type Connection struct {
	// Instance is nil until the tenant connects for the first time.
	Instance  *core.Instance
	Offerings []engine.Offering
	// Left is how long the QR code that is shown can still be scanned.
	Left time.Duration
	// PairingCode is to be typed on the phone, "" when there is none.
	PairingCode string
	Form        Form
}

// status is that of the instance, "" when there is none.
func (c Connection) status() core.InstanceStatus {
	if c.Instance == nil {
		return ""
	}
	return c.Instance.Status
}

// chosen is the provider that is marked: what was chosen before, else the default.
func (c Connection) chosen() core.Provider {
	for _, o := range c.Offerings {
		if string(o.Provider) == c.Form.Value("provider") {
			return o.Provider
		}
	}
	if len(c.Offerings) == 0 {
		return ""
	}
	return c.Offerings[0].Provider
}

// needsServer says whether some provider needs an address of the tenant's own.
func (c Connection) needsServer() bool {
	return slices.ContainsFunc(c.Offerings, func(o engine.Offering) bool { return o.NeedsServer })
}

// anyServer says whether some provider can be at an address of the tenant's own.
func (c Connection) anyServer() bool {
	return slices.ContainsFunc(c.Offerings, func(o engine.Offering) bool { return o.HasServer })
}

// pairsByCode says whether the instance's provider links by a code, too.
func (c Connection) pairsByCode() bool {
	return slices.ContainsFunc(c.Offerings, func(o engine.Offering) bool { return o.PairsByCode && o.Provider == c.Instance.Provider })
}

// provider names a provider for people.
func (v View) provider(o engine.Offering) string {
	switch o.Provider {
	case "evolution":
		return "Evolution API"
	case "waha":
		return "WAHA"
	case "whatsmeow":
		return v.T("Direto pelo AutoPromo", "Directly through AutoPromo")
	}
	return string(o.Provider)
}

func (v View) providerHint(o engine.Offering) string {
	switch {
	case !o.HasServer:
		return v.T("Sem outro servidor no meio: é só ler o QR code.", "No other server in between: just scan the QR code.")
	case o.NeedsServer:
		return v.T("Pelo seu próprio servidor: informe o endereço e a chave abaixo.", "Through your own server: give its address and key below.")
	}
	return v.T("Pelo servidor desta instalação, ou pelo seu.", "Through this installation's server, or your own.")
}

// servers names the providers that can be at an address of the tenant's own.
func (v View) servers(c Connection) string {
	var names []string
	for _, o := range c.Offerings {
		if o.HasServer {
			names = append(names, v.provider(o))
		}
	}
	return strings.Join(names, v.T(" ou ", " or "))
}

func (v View) serverLabel(c Connection) string {
	return v.T("Endereço da "+v.servers(c), "Address of the "+v.servers(c))
}

func (v View) keyHint(c Connection) string {
	for _, o := range c.Offerings {
		if o.HasServer && o.Provider != "evolution" {
			return v.T("A chave de administração do servidor: AUTHENTICATION_API_KEY na Evolution API, WAHA_API_KEY na WAHA. É guardada cifrada e nunca mostrada.",
				"The server's administration key: AUTHENTICATION_API_KEY of Evolution API, WAHA_API_KEY of WAHA. It is kept encrypted and never shown.")
		}
	}
	return v.T("A AUTHENTICATION_API_KEY do servidor. É guardada cifrada e nunca mostrada.", "The server's AUTHENTICATION_API_KEY. It is kept encrypted and never shown.")
}

func (c Connection) seconds() string { return strconv.Itoa(int(c.Left / time.Second)) }

// qrAddress changes with the code, so that a browser asks for the new picture.
func (c Connection) qrAddress() string {
	return "/whatsapp/qr.png?code=" + strconv.FormatInt(c.Instance.QRCodeAt.UnixMicro(), 36)
}

// help says what a person can do about the reason a session ended for.
func (v View) help(r core.Reason) string {
	switch r {
	case core.ReasonLoggedOut:
		return v.T("Isso acontece quando alguém remove o aparelho em “Aparelhos conectados”, ou quando o celular fica dias sem internet. Conecte de novo: grupos, tags e histórico continuam aqui.",
			"It happens when somebody removes the device under “Linked devices”, or when the phone is offline for days. Connect again: groups, tags and history are still here.")
	case core.ReasonNumberRestricted:
		return v.T("Abra o WhatsApp no celular e veja se há um aviso. Se houver, espere a restrição acabar antes de conectar de novo, e use um ritmo mais lento nas regras.",
			"Open WhatsApp on the phone and look for a notice. If there is one, wait for the restriction to end before you connect again, and use a slower rhythm in the rules.")
	case core.ReasonNotScanned:
		return v.T("Peça um novo QR code quando estiver com o celular na mão.", "Ask for a new QR code when you have the phone at hand.")
	case core.ReasonProviderAuth:
		return v.T("Confira a chave: é a AUTHENTICATION_API_KEY do servidor da Evolution API.", "Check the key: it is the AUTHENTICATION_API_KEY of the Evolution API server.")
	case core.ReasonProviderUnreachable:
		return v.T("Confira se o servidor está no ar e se o endereço abre de onde o AutoPromo roda.", "Check that the server is up and that its address opens from where AutoPromo runs.")
	case core.ReasonProviderBusy:
		return v.T("O WhatsApp limita novas conexões. Espere alguns minutos e tente uma vez.", "WhatsApp limits new connections. Wait some minutes and try once.")
	}
	return ""
}
