package httpapi

import (
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// How long a page keeps showing a QR code: WhatsApp replaces it after 20 to 60 seconds, and
// the engine asks for the next one after 40.
const (
	qrShown    = 41 * time.Second
	leastShown = 3 * time.Second
)

func (v *visit) showWhatsApp() error { return v.whatsApp(http.StatusOK, console.Form{}) }

func (v *visit) whatsApp(code int, form console.Form) error {
	page := console.Connection{Offerings: v.engine.Offerings(), Form: form}
	inst, err := v.tenant.Instance(v.ctx)
	if err == nil && inst.Status == core.InstanceConnecting && (inst.PhoneNumber == "" || inst.QRCode != "") {
		if fresh, err := v.tenant.QRCode(v.ctx); err == nil {
			inst = fresh
		}
	}
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
	case err != nil:
		return err
	default:
		page.Instance = &inst
		v.view.Status = inst.Status
		if inst.Status == core.InstanceConnecting {
			page.Left = min(max(qrShown-v.view.Now.Sub(inst.QRCodeAt), leastShown), qrShown).Truncate(time.Second)
			v.view.Reload = int(page.Left / time.Second)
			if inst.QRCode == "" {
				v.view.Reload = 4
			}
			if page.PairingCode, err = v.tenant.LastPairingCode(v.ctx); err != nil {
				return err
			}
		}
	}
	return v.show(code, v.view.WhatsApp(page))
}

func (v *visit) connect() error {
	_, err := v.tenant.Connect(v.ctx, engine.ConnectRequest{
		Provider: core.Provider(v.field("provider")), ServerURL: v.field("api_url"), ServerKey: core.NewSecret(v.field("api_key")),
	})
	if core.CodeOf(err) == core.CodeConflict {
		v.leadTo("/whatsapp") // it is connecting already, in another window perhaps
		return nil
	}
	field, sentence, ok := v.refused(err)
	switch {
	case !ok && err != nil:
		return err
	case !ok:
		v.leadTo("/whatsapp")
		return nil
	}
	page := console.Connection{Offerings: v.engine.Offerings(), Form: v.typed()}
	if field == "api_url" || field == "api_key" {
		page.Form.Faults[field] = sentence
	} else {
		page.Form.Fault = sentence
	}
	return v.show(http.StatusUnprocessableEntity, v.view.WhatsApp(page))
}

// pairingCode asks for a code, which the page then shows while it is good.
func (v *visit) pairingCode() error {
	_, err := v.tenant.PairingCode(v.ctx, v.field("phone"))
	field, sentence, ok := v.refused(err)
	switch {
	case !ok && err != nil:
		return err
	case !ok:
		v.leadTo("/whatsapp")
		return nil
	}
	form := v.typed()
	if field == "phone" {
		form.Faults[field] = sentence
	} else {
		form.Fault = sentence
	}
	return v.whatsApp(http.StatusUnprocessableEntity, form)
}

func (v *visit) disconnect() error {
	_, err := v.tenant.Disconnect(v.ctx)
	return v.act(err, "/whatsapp", "disconnected")
}

// qrPicture is the code as last known. The page that shows it has asked for a fresh one.
func (v *visit) qrPicture() error {
	inst, err := v.tenant.LastInstance(v.ctx)
	if err == nil && (inst.QRCode == "" || inst.Status != core.InstanceConnecting) {
		err = core.ErrNotFound
	}
	if err != nil {
		return err
	}
	picture, err := qrPNG(inst.QRCode)
	if err != nil {
		return err
	}
	v.Data(http.StatusOK, "image/png", picture)
	return nil
}
