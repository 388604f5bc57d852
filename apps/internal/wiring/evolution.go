package wiring

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func newEvolution(s Settings, client *http.Client) (gateway.Gateway, error) {
	return evolution.New(evolution.Options{Client: client, Logger: s.Log})
}
