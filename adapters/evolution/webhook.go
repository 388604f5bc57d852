package evolution

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Authenticate implements [gateway.WebhookReceiver]: the request must carry the secret and
// the name that Provision told the server to send. The server does not sign the body, so
// nothing in it proves anything.
func (g *Gateway) Authenticate(r gateway.Request, session gateway.SessionAuth) error {
	secret := !session.Secret.IsZero() && same(only(r.Header, headerSecret), session.Secret.Reveal())
	name := session.Name != "" && same(only(r.Header, headerSession), session.Name)
	if secret && name {
		return nil
	}
	return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
}

// only returns the value of a header that is there exactly once.
func only(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// same compares in a time that tells nothing about either string, not even a length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
