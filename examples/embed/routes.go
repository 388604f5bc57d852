package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const maxWebhook = 2 << 20

// routes are the product's. The engine needs one of them: where providers deliver.
func routes(e *engine.Engine) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks/{provider}/{token}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
		if err == nil {
			err = e.Ingest(r.Context(), engine.Webhook{
				Provider: core.Provider(r.PathValue("provider")), Token: r.PathValue("token"),
				Request: gateway.Request{Header: r.Header, Body: body},
			})
		}
		answer(w, "", err) // 2xx says that the message is stored
	})
	// A real product knows who is asking before it comes here.
	mux.HandleFunc("POST /customers/{email}/connect", func(w http.ResponseWriter, r *http.Request) {
		qr, err := connect(r.Context(), e, r.PathValue("email"))
		answer(w, qr, err)
	})
	return mux
}

// connect returns the text of a QR code for the customer's phone.
func connect(ctx context.Context, e *engine.Engine, email string) (string, error) {
	tenant, err := e.TenantByEmail(ctx, email)
	if core.CodeOf(err) == core.CodeNotFound {
		tenant, err = e.Register(ctx, engine.NewTenant{Email: email})
	}
	if err != nil {
		return "", err
	}
	instance, err := e.Tenant(tenant.ID).Connect(ctx, engine.ConnectRequest{})
	return instance.QRCode, err
}

// answer maps the engine's codes to HTTP; adapters/httpapi does it in full.
func answer(w http.ResponseWriter, text string, err error) {
	var status int
	switch core.CodeOf(err) {
	case "":
		fmt.Fprintln(w, text)
		return
	case core.CodeUnauthenticated:
		status = http.StatusUnauthorized
	case core.CodeInvalid:
		status = http.StatusBadRequest
	case core.CodeConflict, core.CodePrecondition:
		status = http.StatusConflict
	default:
		status = http.StatusServiceUnavailable
	}
	http.Error(w, string(core.CodeOf(err)), status)
}
