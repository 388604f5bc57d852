package httpapi_test

import (
	"log"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// The handler is mounted like any other. Limits of connections belong to the server; a
// ReadTimeout or WriteTimeout would cut off the discovery of groups, which can take minutes.
func ExampleNew() {
	serve := func(e *engine.Engine, key core.Secret) error {
		handler, err := httpapi.New(e, httpapi.Options{SigningKey: key, Registration: httpapi.RegistrationClosed})
		if err != nil {
			return err
		}
		server := &http.Server{
			Addr: "127.0.0.1:8090", Handler: handler,
			ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		}
		return server.ListenAndServe()
	}
	log.Printf("%T", serve)
}
