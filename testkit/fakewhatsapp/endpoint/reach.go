package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"go.mau.fi/whatsmeow"
)

// reach is what a program has to know of a Server to use it.
type reach struct {
	Address     string
	Root        []byte // the Noise root key
	Certificate []byte // of the web server, in DER
}

// Reach says in one word how another program reaches the server; see [Client].
func (s *Server) Reach() (string, error) {
	word, err := json.Marshal(reach{s.listener.Addr().String(), root().Pub[:], s.credentials.web.Certificate[0]})
	if err != nil {
		return "", fmt.Errorf("endpoint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(word), nil
}

// Client is [Server.HTTPClient] for a server of another program, which gave its Reach. It
// replaces WhatsApp's root key in this program, for good.
func Client(word string) (*http.Client, error) {
	var r reach
	raw, err := base64.RawURLEncoding.DecodeString(word)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err == nil && len(r.Root) != len(whatsmeow.WACertPubKey) {
		err = errors.New("no root key")
	}
	if err != nil {
		return nil, fmt.Errorf("endpoint: reach: %w", err)
	}
	certificate, err := x509.ParseCertificate(r.Certificate)
	if err != nil {
		return nil, fmt.Errorf("endpoint: reach: %w", err)
	}
	whatsmeow.WACertPubKey = [32]byte(r.Root)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return client(r.Address, roots), nil
}

func client(address string, roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
}
