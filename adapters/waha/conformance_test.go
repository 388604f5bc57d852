package waha_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/waha"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewaha"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest/simulated"
)

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		server  fakewaha.Options
		gateway waha.Options
	}{
		"GOWS":       {fakewaha.Options{Engine: fakewaha.GOWS}, waha.Options{ClientIDs: true}},
		"NOWEB":      {fakewaha.Options{Engine: fakewaha.NOWEB, NoDownload: true}, waha.Options{ClientIDs: true}},
		"WEBJS":      {fakewaha.Options{Engine: fakewaha.WEBJS}, waha.Options{}},
		"oldVersion": {fakewaha.Options{Version: "2025.12.1"}, waha.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
				return gatewaytest.Harness{Gateway: newGateway(tb, c.gateway), Provider: newProvider(tb, c.server)}
			})
		})
	}
}

func newGateway(tb testing.TB, o waha.Options) *waha.Gateway {
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	o.Client = &http.Client{Transport: transport}
	g, err := waha.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

const apiKey = "key-of-the-conformance-test"

// provider scripts a fake WAHA server for the suite.
type provider struct {
	*simulated.Scene
	server *fakewaha.Server
	url    string
}

func newProvider(tb testing.TB, o fakewaha.Options) *provider {
	p := &provider{Scene: simulated.New(tb)}
	o.APIKey = apiKey
	var err error
	if p.server, err = fakewaha.New(p.World, o); err != nil {
		tb.Fatal(err)
	}
	api := httptest.NewServer(p.server)
	tb.Cleanup(func() {
		p.server.Close()
		api.Close()
	})
	p.url = api.URL
	p.SetIdle(p.idle)
	return p
}

func (p *provider) idle() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.server.WaitIdle(ctx)
}

func (p *provider) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: p.url, ServerKey: core.NewSecret(apiKey)}
}

func (p *provider) SignsBodies() bool { return true }

func (p *provider) Link(name, number string) error {
	phone, err := p.Phone(name, number)
	if err != nil {
		return err
	}
	if err := p.server.Scan(name, phone); err != nil {
		return err
	}
	return p.idle()
}

func (p *provider) TypeCode(name, number, code string) error {
	phone, err := p.Phone(name, number)
	if err != nil {
		return err
	}
	return p.server.EnterCode(name, phone, code)
}

func (p *provider) Unlink(name string) error {
	if err := p.server.LogoutFromPhone(name); err != nil {
		return err
	}
	return p.idle()
}

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	fault, ok := map[gatewaytest.Refusal]fakewaha.Fault{
		gatewaytest.Throttled:    fakewaha.RateOverlimit(),
		gatewaytest.Restricted:   fakewaha.ServerError(463),
		gatewaytest.GroupForbids: fakewaha.ServerError(403),
		gatewaytest.Lies:         fakewaha.TimedOut(),
		gatewaytest.NamesNoID:    fakewaha.NoID(),
	}[how]
	if ok {
		p.server.Next(fault.For(name))
	}
	return ok
}

func (p *provider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	switch what.Kind {
	case gatewaytest.QRShown:
		return nil, false, nil // WAHA says that there is a code, never which
	case gatewaytest.Unheard:
		return []gateway.Request{p.signed(name, `{"event":"message.sung","session":"`+name+`","payload":{"song":["la"]}}`)}, true, nil
	}
	requests, err := p.Capture(name, func() error { return p.happen(name, what) })
	return requests, true, err
}

// signed is a request as the server would make it; the key is what Provision must have given.
func (p *provider) signed(name, body string) gateway.Request {
	key := hmac.New(sha256.New, []byte(p.Webhook(name).Secret.Reveal()))
	key.Write([]byte("waha webhook of " + name))
	mac := hmac.New(sha512.New, []byte(hex.EncodeToString(key.Sum(nil))))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set("X-Webhook-Hmac", hex.EncodeToString(mac.Sum(nil)))
	header.Set("X-Webhook-Hmac-Algorithm", "sha512")
	return gateway.Request{Header: header, Body: []byte(body)}
}

func (p *provider) happen(name string, what gatewaytest.Happening) error {
	switch what.Kind {
	case gatewaytest.LoggedOut:
		return p.server.LogoutFromPhone(name)
	case gatewaytest.Echoed:
		body, err := json.Marshal(map[string]any{"session": name, "chatId": what.Chat, "text": what.Text})
		if err != nil {
			return err
		}
		req, err := http.NewRequest(http.MethodPost, p.url+"/api/sendText", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("X-Api-Key", apiKey)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			return fmt.Errorf("sendText answered %s", res.Status)
		}
		return nil
	}
	return p.Happen(name, what)
}

// TestLiveModeNeedsNoPhone runs the live mode against the fake, as the author of an adapter
// would against a real server.
func TestLiveModeNeedsNoPhone(t *testing.T) {
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		p := newProvider(tb, fakewaha.Options{})
		return gatewaytest.Harness{Gateway: newGateway(tb, waha.Options{}), Provider: gatewaytest.Live{
			ServerURL: p.url, ServerKey: core.NewSecret(apiKey),
		}}
	})
}

// TestLive runs what needs no phone against a real server.
func TestLive(t *testing.T) {
	url := os.Getenv("AUTOPROMO_TEST_WAHA_URL")
	if url == "" {
		t.Skip("AUTOPROMO_TEST_WAHA_URL names no WAHA server, whose key is AUTOPROMO_TEST_WAHA_KEY")
	}
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		return gatewaytest.Harness{Gateway: newGateway(tb, waha.Options{}), Patience: time.Minute, Provider: gatewaytest.Live{
			ServerURL: url, ServerKey: core.NewSecret(os.Getenv("AUTOPROMO_TEST_WAHA_KEY")),
		}}
	})
}
