package evolution_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest/simulated"
)

func TestConformance(t *testing.T) {
	for name, quirks := range map[string]fakeevolution.Quirks{
		"lid":        {},
		"base64":     {Encoding: fakeevolution.EncodingBase64, HideAlternate: true, RevokeAsDelete: true},
		"slowDelete": {DeletePolls: 3, Encoding: fakeevolution.EncodingBuffer},
	} {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
				p := newProvider(tb)
				p.server.SetQuirks(quirks)
				return gatewaytest.Harness{Gateway: newGateway(tb), Provider: p}
			})
		})
	}
}

func newGateway(tb testing.TB) *evolution.Gateway {
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	g, err := evolution.New(evolution.Options{Client: &http.Client{Transport: transport}})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

const adminKey = "admin-key-of-the-conformance-test"

// provider scripts a fake Evolution API server for the suite.
type provider struct {
	*simulated.Scene
	server *fakeevolution.Server
	url    string
}

func newProvider(tb testing.TB) *provider {
	p := &provider{Scene: simulated.New(tb)}
	var err error
	if p.server, err = fakeevolution.New(p.World, fakeevolution.Options{APIKey: adminKey}); err != nil {
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
	return gateway.Session{Name: name, ServerURL: p.url, ServerKey: core.NewSecret(adminKey)}
}

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

func (p *provider) Unlink(name string) error {
	if err := p.server.LogoutFromPhone(name); err != nil {
		return err
	}
	return p.idle()
}

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	fault, ok := map[gatewaytest.Refusal]fakeevolution.Fault{
		gatewaytest.Throttled:    fakeevolution.RateOverlimit(),
		gatewaytest.GroupForbids: fakeevolution.NotAcceptable(),
		gatewaytest.Lies:         fakeevolution.TimedOut().AfterPosting(),
		gatewaytest.NamesNoID:    fakeevolution.NoKey(),
	}[how]
	if ok {
		p.server.Next(fault.For(name))
	}
	return ok
}

func (p *provider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	if what.Kind == gatewaytest.Unheard {
		header := http.Header{}
		header.Set("X-Webhook-Secret", p.Webhook(name).Secret.Reveal())
		header.Set("X-Instance-Name", name)
		body := fmt.Sprintf(`{"event":"messages.sung","instance":%q,"data":{"key":{"id":"1"},"song":["la"]},"apikey":%q}`, name, adminKey)
		return []gateway.Request{{Header: header, Body: []byte(body)}}, true, nil
	}
	requests, err := p.Capture(name, func() error { return p.happen(name, what) })
	return requests, true, err
}

func (p *provider) happen(name string, what gatewaytest.Happening) error {
	switch what.Kind {
	case gatewaytest.Echoed:
		return p.call(http.MethodPost, "/message/sendText/"+name, fmt.Sprintf(`{"number":%q,"text":%s}`, what.Chat, quote(what.Text)))
	case gatewaytest.QRShown:
		return p.call(http.MethodGet, "/instance/connect/"+name, "")
	case gatewaytest.LoggedOut:
		return p.server.LogoutFromPhone(name)
	}
	return p.Happen(name, what)
}

func (p *provider) call(method, path, body string) error {
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("apikey", adminKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		return fmt.Errorf("%s answered %s", path, res.Status)
	}
	return nil
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// TestLive runs what needs no phone against a real server.
func TestLive(t *testing.T) {
	url := os.Getenv("AUTOPROMO_TEST_EVOLUTION_URL")
	if url == "" {
		t.Skip("AUTOPROMO_TEST_EVOLUTION_URL names no Evolution API server, whose key is AUTOPROMO_TEST_EVOLUTION_KEY")
	}
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		return gatewaytest.Harness{Gateway: newGateway(tb), Patience: time.Minute, Provider: gatewaytest.Live{
			ServerURL: url, ServerKey: core.NewSecret(os.Getenv("AUTOPROMO_TEST_EVOLUTION_KEY")),
		}}
	})
}
