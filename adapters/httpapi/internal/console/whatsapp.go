package console

import (
	"strconv"
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
	Form Form
}

// status is that of the instance, "" when there is none.
func (c Connection) status() core.InstanceStatus {
	if c.Instance == nil {
		return ""
	}
	return c.Instance.Status
}

// needsServer says whether the default provider needs an address of the tenant's own.
func (c Connection) needsServer() bool { return len(c.Offerings) > 0 && c.Offerings[0].NeedsServer }

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
