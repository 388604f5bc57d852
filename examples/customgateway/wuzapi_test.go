package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest/simulated"
)

// TestConformance is all an author has to write besides the adapter and a stand-in.
func TestConformance(t *testing.T) {
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		scene := simulated.New(tb)
		p := &provider{Scene: scene, server: newStandIn(tb, scene.World)}
		p.SetIdle(p.server.idle)
		return gatewaytest.Harness{Gateway: newWuzapi(client(tb)), Provider: p}
	})
}

// TestLive runs what needs no phone against a real wuzapi.
func TestLive(t *testing.T) {
	url := os.Getenv("WUZAPI_URL")
	if url == "" {
		t.Skip("WUZAPI_URL names no wuzapi server, whose key is WUZAPI_ADMIN_TOKEN")
	}
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		return gatewaytest.Harness{Gateway: newWuzapi(client(tb)), Patience: time.Minute, Provider: gatewaytest.Live{
			ServerURL: url, ServerKey: core.NewSecret(os.Getenv("WUZAPI_ADMIN_TOKEN")),
		}}
	})
}

func client(tb testing.TB) *http.Client {
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// provider scripts the stand-in. All that people do comes from the scene.
type provider struct {
	*simulated.Scene
	server *standIn
}

func (p *provider) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: p.server.url, ServerKey: core.NewSecret(adminToken)}
}

func (p *provider) SignsBodies() bool { return true }

func (p *provider) Link(name, number string) error {
	phone, err := p.Phone(name, number)
	if err != nil {
		return err
	}
	if err := p.server.scanOf(name, phone); err != nil {
		return err
	}
	return p.server.idle()
}

func (p *provider) TypeCode(name, number, code string) error {
	phone, err := p.Phone(name, number)
	if err != nil {
		return err
	}
	return p.server.typed(name, code, phone)
}

func (p *provider) Unlink(name string) error { return p.server.logOut(name) }

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	thrown := func(text string, posts bool) refusal {
		return refusal{500, `{"code":500,"error":"Error sending message: ` + text + `","success":false}`, posts}
	}
	r, ok := map[gatewaytest.Refusal]refusal{
		gatewaytest.Throttled:    thrown("server returned error 429", false),
		gatewaytest.Restricted:   thrown("server returned error 463", false),
		gatewaytest.GroupForbids: thrown("server returned error 403", false),
		gatewaytest.Lies:         thrown("timed out waiting for message send response", true),
		gatewaytest.NamesNoID:    {200, `{"code":200,"data":{"Details":"Sent"},"success":true}`, true},
	}[how]
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.server.refuse[name] = r
	return ok
}

func (p *provider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	do := func() error { return p.Happen(name, what) }
	switch what.Kind {
	case gatewaytest.Echoed:
		return nil, false, nil // wuzapi does not tell of what its API sends
	case gatewaytest.Unheard:
		return []gateway.Request{p.signed(name, `{"type":"Sung","event":{"Song":["la"]}}`)}, true, nil
	case gatewaytest.LoggedOut:
		do = func() error { return p.server.logOut(name) }
	case gatewaytest.QRShown:
		do = func() error {
			req, err := http.NewRequest(http.MethodPost, p.server.url+"/session/connect", http.NoBody)
			if err != nil {
				return err
			}
			req.Header.Set("token", tokenOf(p.Session(name)))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			return res.Body.Close()
		}
	}
	requests, err := p.Capture(name, do)
	return requests, true, err
}

func (p *provider) signed(name, event string) gateway.Request {
	form := url.Values{"jsonData": {event}, "instanceName": {name}}.Encode()
	mac := hmac.New(sha256.New, []byte(signingKey(name, p.Webhook(name).Secret)))
	mac.Write([]byte(form))
	return gateway.Request{Header: http.Header{"X-Hmac-Signature": {hex.EncodeToString(mac.Sum(nil))}}, Body: []byte(form)}
}
