package wiring

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/waha"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func newWaha(s Settings, client *http.Client) (gateway.Gateway, error) {
	return waha.New(waha.Options{Client: client, Logger: s.Log, ClientIDs: s.Config.WahaClientIDs})
}
