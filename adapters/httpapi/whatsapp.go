package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// qrLife is how long WhatsApp lets a QR code be scanned at most.
const qrLife = time.Minute

type connectInput struct {
	Body *connectRequest
}

type connectRequest struct {
	APIURL   string `json:"api_url,omitempty" maxLength:"2048" doc:"The address of your own provider; empty for the operator's" example:"https://evolution.example.com"`
	APIKey   string `json:"api_key,omitempty" maxLength:"1024" doc:"Its administration key; needed with api_url"`
	Provider string `json:"provider,omitempty" maxLength:"64" doc:"The kind of provider: evolution, waha or whatsmeow, whichever the operator offers; empty for the default one" example:"evolution"`
}

type connectResponse struct {
	InstanceID   string  `json:"instance_id" doc:"Stays when the tenant connects again"`
	InstanceName string  `json:"instance_name" doc:"What the provider calls the session; new at each connect"`
	Status       string  `json:"status" enum:"connecting,connected,disconnected" doc:"connecting: waits for the QR code to be scanned, or for the provider to reconnect; disconnected: connect again"`
	QRCode       *string `json:"qr_code" doc:"A data URI of the picture to scan; null when there is none yet"`
}

type statusResponse struct {
	ID           string     `json:"id" doc:"The instance's id"`
	InstanceID   string     `json:"instance_id" doc:"The same as id"`
	UserID       string     `json:"user_id"`
	InstanceName string     `json:"instance_name" doc:"What the provider calls the session"`
	Provider     string     `json:"provider" doc:"The kind of provider, such as evolution"`
	Status       string     `json:"status" enum:"connecting,connected,disconnected" doc:"connecting: waits for the QR code to be scanned, or for the provider to reconnect; disconnected: connect again"`
	Reason       *string    `json:"reason" doc:"Why it is not connected, for programs"`
	Detail       *string    `json:"detail" doc:"The same for people"`
	PhoneNumber  *string    `json:"phone_number" doc:"The linked number in digits"`
	LastSyncAt   *time.Time `json:"last_sync_at" doc:"When the provider was last asked"`
	CreatedAt    time.Time  `json:"created_at"`
}

type qrResponse struct {
	InstanceID string     `json:"instance_id"`
	Status     string     `json:"status" enum:"connecting,connected,disconnected" doc:"connecting: waits for the QR code to be scanned, or for the provider to reconnect; disconnected: connect again"`
	QRCode     string     `json:"qr_code" doc:"A data URI of the picture to scan"`
	Code       string     `json:"code" doc:"The text in the picture, when the provider gave it"`
	ExpiresAt  *time.Time `json:"expires_at" doc:"Ask again then at the latest"`
}

type disconnectResponse struct {
	Message         string `json:"message" doc:"For people"`
	Status          string `json:"status" enum:"disconnected"`
	ProviderCleanup string `json:"provider_cleanup" enum:"done,pending" doc:"pending: the provider could not be told; disconnect once more later"`
}

func (s *server) registerWhatsApp() {
	providerFaults := []int{http.StatusBadRequest, http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway}
	handle(s, operation{
		method: http.MethodPost, path: "/whatsapp/connect", id: "connect-whatsapp", tag: "whatsapp",
		summary: "Connect my WhatsApp",
		description: "Creates the tenant's one session at a provider and returns its QR code, or null when the provider " +
			"has not made it yet (then ask GET /whatsapp/qr). 400 with code already_connected when there is one.",
		errors: providerFaults,
	}, connect)
	handle(s, operation{
		method: http.MethodPost, path: "/whatsapp/pairing-code", id: "whatsapp-pairing-code", tag: "whatsapp",
		summary: "Get a code to type on the phone",
		description: "Instead of scanning a QR code: the phone shows a notification where the code is typed, or under Linked devices. " +
			"Connect first. 409 with code no_pairing_code where the provider takes QR codes only; 400 when none is needed.",
		errors: append([]int{http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusServiceUnavailable}, providerFaults...),
	}, pairingCode)
	handle(s, operation{
		method: http.MethodGet, path: "/whatsapp/status", id: "whatsapp-status", tag: "whatsapp",
		summary:     "Show how my WhatsApp stands",
		description: "The last known status, asked from the provider when it is not fresh. 404 until the first connect.",
		errors:      []int{http.StatusNotFound},
	}, status)
	handle(s, operation{
		method: http.MethodPost, path: "/whatsapp/discover-groups", id: "discover-groups", tag: "whatsapp",
		summary: "List the groups of my number",
		description: "Asks the provider, stores new groups as inactive sources and returns exactly the groups it listed. " +
			"It can take minutes on accounts with many groups.",
		errors: append([]int{http.StatusUnprocessableEntity}, providerFaults...),
	}, discoverGroups)
	handle(s, operation{
		method: http.MethodDelete, path: "/whatsapp/disconnect", id: "disconnect-whatsapp", tag: "whatsapp",
		summary:     "Disconnect my WhatsApp",
		description: "From here on nothing is sent or accepted, even if the provider cannot be told right now.",
		errors:      []int{http.StatusNotFound},
	}, disconnect)
	s.registerQRCode()
}

func connect(ctx context.Context, c caller, in *connectInput) (connectResponse, error) {
	var r connectRequest
	if in.Body != nil {
		r = *in.Body
	}
	inst, err := c.Connect(ctx, engine.ConnectRequest{
		Provider: core.Provider(r.Provider), ServerURL: strings.TrimSpace(r.APIURL), ServerKey: core.NewSecret(r.APIKey),
	})
	if err != nil {
		return connectResponse{}, err
	}
	out := connectResponse{InstanceID: string(inst.ID), InstanceName: inst.Name, Status: string(inst.Status)}
	if inst.QRCode != "" {
		picture, err := qrDataURI(inst.QRCode)
		if err != nil {
			return connectResponse{}, err
		}
		out.QRCode = &picture
	}
	return out, nil
}

type pairingCodeInput struct {
	Body pairingCodeRequest
}

type pairingCodeRequest struct {
	Phone string `json:"phone" maxLength:"32" doc:"The number of the phone, with country code" example:"5511987654321"`
}

type pairingCodeResponse struct {
	Code string `json:"code" doc:"To be typed on the phone within two minutes or so" example:"ABCD-EFGH"`
}

func pairingCode(ctx context.Context, c caller, in *pairingCodeInput) (pairingCodeResponse, error) {
	code, err := c.PairingCode(ctx, in.Body.Phone)
	return pairingCodeResponse{Code: code}, err
}

func status(ctx context.Context, c caller, _ *none) (statusResponse, error) {
	inst, err := c.Instance(ctx)
	if err != nil {
		return statusResponse{}, err
	}
	return statusOf(c, inst), nil
}

func statusOf(c caller, inst core.Instance) statusResponse {
	out := statusResponse{
		ID: string(inst.ID), InstanceID: string(inst.ID), UserID: string(c.account.ID),
		InstanceName: inst.Name, Provider: string(inst.Provider), Status: string(inst.Status),
		PhoneNumber: optional(inst.PhoneNumber), LastSyncAt: optionalTime(inst.CheckedAt), CreatedAt: inst.CreatedAt,
	}
	if inst.Reason != "" {
		out.Reason, out.Detail = optional(string(inst.Reason)), optional(inst.Reason.Sentence(c.language, ""))
	}
	return out
}

func disconnect(ctx context.Context, c caller, _ *none) (disconnectResponse, error) {
	inst, err := c.Disconnect(ctx)
	if err != nil {
		return disconnectResponse{}, err
	}
	out := disconnectResponse{Message: "WhatsApp desconectado", Status: string(inst.Status), ProviderCleanup: "done"}
	if c.language == core.English {
		out.Message = "WhatsApp disconnected"
	}
	if inst.Provisioned {
		out.ProviderCleanup = "pending"
	}
	return out, nil
}

type qrInput struct {
	Accept string `header:"Accept" doc:"image/png for the picture alone"`
}

type qrAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// registerQRCode adds the one operation with two kinds of answer.
func (s *server) registerQRCode() {
	op := s.describe(operation{
		method: http.MethodGet, path: "/whatsapp/qr", id: "whatsapp-qr", tag: "whatsapp",
		summary: "Get the QR code to scan",
		description: "JSON, or the PNG when the Accept header asks for image/png. 409 with code no_qr_code when there " +
			"is none yet; 400 when none is needed or nothing was connected.",
		errors: []int{
			http.StatusBadRequest, http.StatusNotFound, http.StatusConflict,
			http.StatusTooManyRequests, http.StatusBadGateway,
		},
		content: map[string]*huma.MediaType{
			jsonType:    {Schema: s.schema(qrResponse{})},
			"image/png": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		},
	}, false)
	huma.Register(s.api, op, func(ctx context.Context, in *qrInput) (*qrAnswer, error) {
		c, _ := ctx.Value(callerKey{}).(caller)
		out, err := qrCode(ctx, c, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

func qrCode(ctx context.Context, c caller, in *qrInput) (*qrAnswer, error) {
	inst, err := c.QRCode(ctx)
	if err != nil {
		return nil, err
	}
	if strings.Contains(in.Accept, "image/png") {
		picture, err := qrPNG(inst.QRCode)
		if err != nil {
			return nil, err
		}
		return &qrAnswer{ContentType: "image/png", Body: picture}, nil
	}
	picture, err := qrDataURI(inst.QRCode)
	if err != nil {
		return nil, err
	}
	out := qrResponse{InstanceID: string(inst.ID), Status: string(inst.Status), QRCode: picture}
	if !isPicture(inst.QRCode) {
		out.Code = inst.QRCode
	}
	if !inst.QRCodeAt.IsZero() {
		out.ExpiresAt = optionalTime(inst.QRCodeAt.Add(qrLife))
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	return &qrAnswer{ContentType: jsonType, Body: body}, nil
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
