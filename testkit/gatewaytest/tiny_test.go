package gatewaytest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

// tiny is a correct gateway to it.
type tiny struct{ client *http.Client }

func (g *tiny) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{
		Provider: "tiny", ClientMessageID: gateway.ClientIDIgnored,
		SentLookup: gateway.LookupPositive, NeedsServer: true,
	}
}

func (g *tiny) call(ctx context.Context, s gateway.Session, op string, c tinyCall) (tinyAnswer, error) {
	fail := func(kind gateway.Kind) (tinyAnswer, error) {
		return tinyAnswer{}, &gateway.Error{Op: op, Kind: kind}
	}
	unsure := gateway.KindTemporary
	if op == "send" {
		unsure = gateway.KindUnknown
	}
	if !core.ValidInstanceName(s.Name) {
		return fail(gateway.KindInvalid)
	}
	if ctx.Err() != nil {
		return fail(gateway.KindTemporary)
	}
	c.Name = s.Name
	body, _ := json.Marshal(c)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.ServerURL+"/"+op, bytes.NewReader(body))
	if err != nil {
		return fail(gateway.KindInvalid)
	}
	req.Header.Set("Key", s.ServerKey.Reveal())
	res, err := g.client.Do(req)
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return fail(gateway.KindTemporary)
	case err != nil:
		return fail(unsure)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusTooManyRequests {
		e := &gateway.Error{Op: op, Kind: gateway.KindRateLimited}
		if wait, err := time.ParseDuration(res.Header.Get("Retry-After") + "s"); err == nil {
			e.RetryAfter = min(wait, time.Hour)
		} else if at, err := http.ParseTime(res.Header.Get("Retry-After")); err == nil {
			e.RetryAfter = time.Until(at)
		}
		return tinyAnswer{}, e
	}
	var a tinyAnswer
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || json.Unmarshal(bytes.TrimSpace(data), &a) != nil || res.StatusCode != http.StatusOK {
		return fail(unsure)
	}
	if a.Kind != "" {
		return fail(a.Kind)
	}
	return a, nil
}

func (g *tiny) Provision(ctx context.Context, s gateway.Session, _ gateway.Webhook) (gateway.Provisioned, error) {
	_, err := g.call(ctx, s, "provision", tinyCall{})
	return gateway.Provisioned{}, err
}

func (g *tiny) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	a, err := g.call(ctx, s, "connect", tinyCall{})
	return gateway.Pairing{State: a.State, QR: a.QR}, err
}

func (g *tiny) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	a, err := g.call(ctx, s, "status", tinyCall{})
	return gateway.Status{State: a.State, Phone: a.Phone}, err
}

func (g *tiny) Delete(ctx context.Context, s gateway.Session) error {
	_, err := g.call(ctx, s, "delete", tinyCall{})
	return err
}

func (g *tiny) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	a, err := g.call(ctx, s, "groups", tinyCall{})
	return append([]core.Group{}, a.Groups...), err
}

func (g *tiny) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	a, err := g.call(ctx, s, "send", tinyCall{Chat: m.To, Text: m.Text, Media: m.Media})
	return gateway.Receipt{ID: a.ID}, err
}

func (g *tiny) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
	a, err := g.call(ctx, s, "find", tinyCall{Chat: q.Chat, ID: q.ID, Text: q.Text, Since: q.Since})
	return a.Found, a.ID, err
}

func (g *tiny) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, limit int64) (gateway.Media, error) {
	a, err := g.call(ctx, s, "media", tinyCall{Handle: string(m.Handle)})
	if err == nil && int64(len(a.Data)) > limit {
		err = &gateway.Error{Op: "media", Kind: gateway.KindMediaUnavailable}
	}
	return gateway.Media{Kind: m.Kind, Data: a.Data}, err
}

func (g *tiny) Restart(ctx context.Context, s gateway.Session) error {
	_, err := g.call(ctx, s, "restart", tinyCall{})
	return err
}

func (g *tiny) PairingCode(ctx context.Context, s gateway.Session, phone string) (string, error) {
	a, err := g.call(ctx, s, "code", tinyCall{Text: phone})
	return a.QR, err
}

func (g *tiny) Messages(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) ([]gateway.Message, error) {
	a, err := g.call(ctx, s, "list", tinyCall{Chat: chat, Since: since, Limit: limit})
	var list []gateway.Message
	for _, e := range a.Said {
		list = append(list, e.event().(gateway.Message))
	}
	return list, err
}

func (g *tiny) Authenticate(r gateway.Request, s gateway.SessionAuth) error {
	if s.Secret.IsZero() || r.Header.Get("X-Secret") != s.Secret.Reveal() || r.Header.Get("X-Session") != s.Name ||
		r.Header.Get("X-Sum") != tinySum(s.Secret.Reveal(), r.Body) {
		return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
	}
	return nil
}

func (g *tiny) Decode(r gateway.Request) (gateway.Inbound, error) {
	var e tinyEvent
	if json.Unmarshal(r.Body, &e) != nil {
		return gateway.Inbound{}, &gateway.Error{Op: "decode", Kind: gateway.KindInvalid}
	}
	return gateway.Inbound{Session: e.Session, Events: []gateway.Event{e.event()}}, nil
}

func (e tinyEvent) event() gateway.Event {
	switch e.Kind {
	case gatewaytest.EditedText:
		return gateway.Edited{Key: e.Key, Text: e.Text}
	case gatewaytest.Revoked:
		return gateway.Revoked{Key: e.Key}
	case gatewaytest.Echoed:
		return gateway.SendEcho{Chat: e.Key.Chat, ID: e.Key.ID, Text: e.Text}
	case gatewaytest.QRShown:
		return gateway.QR{Code: "2@tiny"}
	case gatewaytest.LoggedOut:
		return gateway.Connection{State: gateway.StateLoggedOut}
	case gatewaytest.Unimportant, gatewaytest.Unheard:
		return gateway.Ignored{What: string(e.Kind)}
	}
	m := gateway.Message{Key: e.Key, FromMe: e.Kind == gatewaytest.Ours, Text: e.Text, At: e.At}
	if e.Media != "" {
		m.Media = &core.Media{Kind: e.Media, Handle: []byte("tiny")}
	}
	return m
}

func newTiny(tb testing.TB) (*tiny, *tinyProvider) {
	p := &tinyProvider{sessions: map[string]*tinySession{}}
	server := httptest.NewServer(p)
	tb.Cleanup(server.Close)
	p.url = server.URL
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &tiny{client: client}, p
}
