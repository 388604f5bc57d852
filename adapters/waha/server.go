package waha

import (
	"context"
	"net/http"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Examine asks a server which version and engine it is, such as "2026.8.1 GOWS"; it changes
// nothing. The error is KindAuth for a key that is refused, KindInvalid for a server that does
// not take our message ids although [Options].ClientIDs says that all do, and KindTemporary
// for one that cannot be reached.
func (g *Gateway) Examine(ctx context.Context, serverURL string, key core.Secret) (version string, err error) {
	s := gateway.Session{Name: "autopromo_nobody", ServerURL: serverURL, ServerKey: key}
	r := request{op: "examine", timeout: g.timeouts.Quick, method: http.MethodGet, path: "/api/version"}
	var answer struct{ Version, Engine string }
	if err := g.call(ctx, s, r, &answer); err != nil {
		return "", err
	}
	version = answer.Version + " " + answer.Engine
	if g.clientIDs && !takesClientIDs(answer.Version, answer.Engine) {
		return version, r.fail(gateway.KindInvalid, codeClientIDs)
	}
	return version, nil
}
