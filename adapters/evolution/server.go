package evolution

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// nobody is a session that is asked for to see whether the key is taken.
const nobody = "autopromo_nobody"

// Examine asks a server which version it is, "" when it does not say, and whether it takes the
// key; it changes nothing. The error is KindAuth for a key that is refused, KindLicense for a
// server of 2.4 that was not activated, KindVersion for version 1, and KindTemporary for one
// that cannot be reached.
func (g *Gateway) Examine(ctx context.Context, serverURL string, key core.Secret) (version string, err error) {
	s := gateway.Session{Name: nobody, ServerURL: serverURL, ServerKey: key}
	var welcome struct{ Version string }
	// It asks WhatsApp first, so silence says nothing about the server.
	_ = g.call(ctx, s, request{op: "examine", admin: true, timeout: g.timeouts.Connect, method: http.MethodGet}, &welcome)
	r := request{
		op: "examine", admin: true, timeout: g.timeouts.Quick, method: http.MethodGet,
		path: "/instance/fetchInstances", query: url.Values{"instanceName": {nobody}},
	}
	if strings.HasPrefix(welcome.Version, "1.") {
		return welcome.Version, r.fail(gateway.KindVersion, codeVersion, nil)
	}
	var rows []struct{}
	err = g.call(ctx, s, r, &rows)
	if gateway.KindOf(err) == gateway.KindNotFound {
		err = nil // which only a key that is taken is told
	}
	return welcome.Version, err
}
