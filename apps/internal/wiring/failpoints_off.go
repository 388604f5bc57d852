//go:build !failpoints

package wiring

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// A program built without the tag failpoints has none: these give back what they get.

func decorateRepository(r repository.Repository) repository.Repository { return r }

func decoratePublisher(p bus.Publisher) bus.Publisher { return p }

func decorateSubscriber(s bus.Subscriber) bus.Subscriber { return s }

func decorateGateway(g gateway.Gateway) gateway.Gateway { return g }

func decorateWhatsApp(c *http.Client) *http.Client { return c }

func hasten(*engine.Config) {}
