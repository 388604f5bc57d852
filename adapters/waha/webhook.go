package waha

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	headerSignature = "X-Webhook-Hmac"
	headerAlgorithm = "X-Webhook-Hmac-Algorithm"
)

// signingKey is the key a session's webhooks are signed with. It is made of the session's
// secret and name: the secret itself never reaches the server, and a signature proves the
// session as well as the sender.
func signingKey(name string, secret core.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte("waha webhook of " + name))
	return hex.EncodeToString(mac.Sum(nil))
}

// Authenticate implements [gateway.WebhookReceiver]: the raw body must carry the signature
// the server makes with the key that Provision gave it.
func (g *Gateway) Authenticate(r gateway.Request, session gateway.SessionAuth) error {
	signature := r.Header.Values(headerSignature)
	algorithm := r.Header.Get(headerAlgorithm)
	if len(signature) == 1 && (algorithm == "sha512" || algorithm == "") && session.Name != "" && !session.Secret.IsZero() {
		mac := hmac.New(sha512.New, []byte(signingKey(session.Name, session.Secret)))
		mac.Write(r.Body)
		given, err := hex.DecodeString(signature[0])
		if err == nil && hmac.Equal(given, mac.Sum(nil)) {
			return nil
		}
	}
	return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
}
