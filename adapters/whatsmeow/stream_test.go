package whatsmeow_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

const session, number = "autopromo_1", "5511912345678"

// TestAnOffersWay leads one session from the QR code to the log-out, with a lost answer in
// between.
func TestAnOffersWay(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	group := s.group(phone)
	status, err := s.gateway.Status(s.ctx, h.session)
	if err != nil || status.State != gateway.StateOpen || status.Phone != number {
		t.Fatalf("status %+v, %v", status, err)
	}
	if name, err := s.server.DeviceName(session); name != "AutoPromo" || err != nil {
		t.Errorf("the phone shows %q, %v", name, err)
	}
	await(h, func(g gateway.GroupsChanged) bool { return g.Chat == group.JID() })
	groups, err := s.gateway.Groups(s.ctx, h.session)
	if err != nil || len(groups) != 1 || !groups[0].CanPost {
		t.Fatalf("groups %+v, %v", groups, err)
	}

	post := s.post(group, "Fone por R$ 99")
	m := await(h, saying("Fone por R$ 99"))
	want := core.MessageKey{Chat: group.JID(), Participant: s.ana.LID(), ID: post.ID}
	if m.Key != want || m.FromMe || m.At.Unix() != post.At.Unix() {
		t.Errorf("message %+v, want key %+v", m, want)
	}
	s.must(s.server.WaitDelivered(s.ctx, session))

	// The message is posted and the socket dies before WhatsApp says so.
	const id = "3EB0C0FFEE0001"
	s.server.NextSend(session, endpoint.Cut())
	err = h.send(group.JID(), id, "Fone por R$ 99, com a nossa tag")
	wantKind(t, err, gateway.KindUnknown)
	if n := len(s.server.Frames(id)); n != 1 {
		t.Errorf("%d stanzas left for one Send; the adapter must not repeat it", n)
	}
	s.must(s.server.WaitConnected(s.ctx, session, true))
	// The receipt of another phone proves that it arrived.
	await(h, func(a gateway.Ack) bool {
		return a.ID == id && a.Level == gateway.AckDelivered && a.Chat == group.JID()
	})
	s.must(until(s, func() bool { return h.send(group.JID(), id, "Fone por R$ 99, com a nossa tag") == nil }))
	posts := s.world.PostedVia(session)
	if len(posts) != 1 || posts[0].ID != id || len(s.server.Frames(id)) != 2 {
		t.Errorf("the same id sent again: %d posts, %d stanzas", len(posts), len(s.server.Frames(id)))
	}
	for _, f := range s.server.Frames("") {
		if len(f.Unread) != 0 {
			t.Errorf("%d phones could not read %s", len(f.Unread), f.ID)
		}
	}

	s.must(s.server.LogOut(session))
	wantKind(t, h.outcome(), gateway.KindLoggedOut)
	if c := await(h, inState(gateway.StateLoggedOut)); c.Reason != core.ReasonLoggedOut {
		t.Errorf("reason %q", c.Reason)
	}
	if status, err := s.gateway.Status(s.ctx, h.session); err != nil || status.State != gateway.StateLoggedOut {
		t.Errorf("after the log-out: %+v, %v", status, err)
	}
	wantKind(t, h.send(group.JID(), "3EB0C0FFEE0002", "x"), gateway.KindLoggedOut)
	s.wantRows("whatsmeow_device", 0)

	// The same session can be linked again.
	again := s.host(s.gateway, session)
	s.must(until(s, func() bool {
		p, err := s.gateway.Connect(s.ctx, again.session)
		return err == nil && p.QR != "" && s.server.Scan(phone, session, p.QR) == nil
	}))
	await(again, inState(gateway.StateOpen))
	again.leave()
	if logs := s.logs.String(); strings.Contains(logs, number) || strings.Contains(logs, "R$") || strings.Contains(logs, "@") {
		t.Errorf("the log holds a number, a text or an address:\n%s", logs)
	}
}

// until waits for something that only asking shows.
func until(s *scene, done func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	return nil
}

func (s *scene) wantRows(table string, want int) {
	s.Helper()
	var n int
	s.must(s.db.QueryRowContext(s.ctx, "SELECT count(*) FROM "+table).Scan(&n))
	if n != want {
		s.Errorf("%s has %d rows, want %d", table, n, want)
	}
}

func TestARefusedMessageComesAgain(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	group := s.group(phone)
	h.mu.Lock()
	h.refuse = 3
	h.mu.Unlock()
	s.post(group, "um")
	s.post(group, "dois")
	await(h, saying("um"))
	await(h, saying("dois"))
	s.must(s.server.WaitDelivered(s.ctx, session))
	h.mu.Lock()
	defer h.mu.Unlock()
	var order []string
	for _, e := range h.events {
		if m, ok := e.(gateway.Message); ok {
			order = append(order, m.Text)
		}
	}
	if strings.Join(order, ",") != "um,dois" {
		t.Errorf("messages came as %q; what was refused comes again, before what followed it, and what was taken does not", order)
	}
}

func TestMessagesOfTheTimeAway(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	group := s.group(phone)
	h.leave()
	if err := h.outcome(); err != nil {
		t.Errorf("a stream that was told to end: %v", err)
	}
	s.must(s.server.WaitConnected(s.ctx, session, false))
	s.post(group, "enquanto isso")
	later := s.host(s.newGateway(), session) // another process
	await(later, saying("enquanto isso"))
	s.must(s.server.WaitDelivered(s.ctx, session))
	_, err := s.gateway.Groups(s.ctx, h.session)
	wantKind(t, err, gateway.KindNotConnected)
}

func TestReconnects(t *testing.T) {
	s := newScene(t, nil)
	h, _ := s.link(session, number)
	for what, drop := range map[string]func(){
		"a cut socket":   func() { s.must(s.server.Cut(session)) },
		"a restart, 515": func() { s.must(s.server.StreamError(session, "515")) },
		"a fault, 503":   func() { s.must(s.server.StreamError(session, "503")) },
		"a failing log-in": func() {
			s.server.NextLogin(session, endpoint.LoginFailure{Reason: 503}, endpoint.LoginFailure{Reason: 500})
			s.must(s.server.Cut(session))
		},
		"an outage": func() {
			s.server.SetOffline(true)
			s.must(s.server.WaitConnected(s.ctx, session, false))
			_, err := s.gateway.Groups(s.ctx, h.session)
			if kind := gateway.KindOf(err); kind != gateway.KindNotConnected && kind != gateway.KindTemporary {
				t.Errorf("groups during an outage: %v", err)
			}
			s.server.SetOffline(false)
		},
	} {
		h.forgetEvents()
		drop()
		await(h, inState(gateway.StateOpen))
		s.must(s.server.WaitConnected(s.ctx, session, true))
		if n := count(h, inState(gateway.StateLoggedOut)); n != 0 {
			t.Errorf("%s was taken for a log-out", what)
		}
	}
}

func TestEndsThatAreFinal(t *testing.T) {
	login := func(f endpoint.LoginFailure) func(*scene) {
		return func(s *scene) {
			s.server.NextLogin(session, f)
			s.must(s.server.Cut(session))
		}
	}
	for name, c := range map[string]struct {
		end    func(*scene)
		kind   gateway.Kind
		state  gateway.State
		reason core.Reason
		keys   int
	}{
		"removed on the phone": {func(s *scene) { s.must(s.server.LogOut(session)) }, gateway.KindLoggedOut, gateway.StateLoggedOut, core.ReasonLoggedOut, 0},
		"401":                  {login(endpoint.LoginFailure{Reason: 401}), gateway.KindLoggedOut, gateway.StateLoggedOut, core.ReasonLoggedOut, 0},
		"403 locked":           {login(endpoint.LoginFailure{Reason: 403}), gateway.KindLoggedOut, gateway.StateLoggedOut, core.ReasonNumberRestricted, 0},
		"406 banned":           {login(endpoint.LoginFailure{Reason: 406}), gateway.KindLoggedOut, gateway.StateLoggedOut, core.ReasonNumberRestricted, 0},
		"402 for a while":      {login(endpoint.LoginFailure{Reason: 402, Code: 104, Expire: time.Hour}), gateway.KindRestricted, gateway.StateClosed, core.ReasonNumberRestricted, 1},
		"405 outdated":         {login(endpoint.LoginFailure{Reason: 405}), gateway.KindPermanent, gateway.StateClosed, "", 1},
		"409 bad user agent":   {login(endpoint.LoginFailure{Reason: 409}), gateway.KindPermanent, gateway.StateClosed, "", 1},
		"replaced":             {func(s *scene) { s.must(s.server.Replace(session)) }, gateway.KindAlreadyExists, gateway.StateClosed, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, nil)
			h, _ := s.link(session, number)
			c.end(s)
			err := h.outcome()
			wantKind(t, err, c.kind)
			if e := await(h, inState(c.state)); e.Reason != c.reason {
				t.Errorf("reason %q, want %q", e.Reason, c.reason)
			}
			if c.kind == gateway.KindRestricted && gateway.RetryAfterOf(err) != time.Hour {
				t.Errorf("retry after %v", gateway.RetryAfterOf(err))
			}
			s.wantRows("whatsmeow_device", c.keys)
		})
	}
}

func TestPairingEnds(t *testing.T) {
	s := newScene(t, func(o *whatsmeow.Options) {
		o.Timeouts.FirstQR, o.Timeouts.NextQR = 20*time.Millisecond, 10*time.Millisecond
	})
	_, err := s.gateway.Provision(s.ctx, gateway.Session{Name: session}, gateway.Webhook{})
	s.must(err)
	h := s.host(s.gateway, session)
	s.must(until(s, func() bool { _, err := s.gateway.Connect(s.ctx, h.session); return err == nil }))
	if c := await(h, inState(gateway.StateClosed)); c.Reason != core.ReasonNotScanned {
		t.Errorf("reason %q", c.Reason)
	}
	if n := count(h, func(gateway.QR) bool { return true }); n != 6 {
		t.Errorf("%d QR codes were shown, WhatsApp gives 6", n)
	}
	s.server.SetOffline(true)
	h.forgetEvents()
	_, err = s.gateway.Connect(s.ctx, h.session)
	wantKind(t, err, gateway.KindTemporary)
	if c := await(h, inState(gateway.StateClosed)); c.Reason != core.ReasonProviderUnreachable {
		t.Errorf("reason %q", c.Reason)
	}
}

func TestPairingCode(t *testing.T) {
	s := newScene(t, nil)
	_, err := s.gateway.Provision(s.ctx, gateway.Session{Name: session}, gateway.Webhook{})
	s.must(err)
	phone, err := s.world.AddPhone(number, "Tenant")
	s.must(err)
	_, err = s.gateway.PairingCode(s.ctx, gateway.Session{Name: session}, number)
	wantKind(t, err, gateway.KindNotConnected)
	h := s.host(s.gateway, session)
	for _, bad := range []string{"", "123", "011912345678", "+5511912345678", "55119123456789012"} {
		_, err := s.gateway.PairingCode(s.ctx, h.session, bad)
		wantKind(t, err, gateway.KindInvalid)
	}
	var code string
	s.must(until(s, func() bool { code, err = s.gateway.PairingCode(s.ctx, h.session, number); return err == nil }))
	if len(code) != 9 {
		t.Errorf("a code of %d characters", len(code))
	}
	s.must(s.server.EnterCode(s.ctx, phone, session, code))
	await(h, inState(gateway.StateOpen))
	_, err = s.gateway.PairingCode(s.ctx, h.session, number)
	wantKind(t, err, gateway.KindAlreadyExists)
}

func TestPasskeyIsAsked(t *testing.T) {
	s := newScene(t, nil)
	_, err := s.gateway.Provision(s.ctx, gateway.Session{Name: session}, gateway.Webhook{})
	s.must(err)
	h := s.host(s.gateway, session)
	pairing, err := s.gateway.Connect(s.ctx, h.session)
	s.must(err)
	s.must(s.server.AskPasskey(pairing.QR, []byte(`{"challenge":"AQID","rpId":"whatsapp.com","timeout":60000}`)))
	e := await(h, func(gateway.Passkey) bool { return true })
	if !strings.Contains(string(e.Request), `"challenge":"AQID"`) || !strings.Contains(string(e.Request), "whatsapp.com") || e.Code != "" {
		t.Errorf("passkey %s, code %q", e.Request, e.Code)
	}
}

func TestOneHostPerProcess(t *testing.T) {
	s := newScene(t, nil)
	h, _ := s.link(session, number)
	wantKind(t, s.gateway.Stream(s.ctx, h.session, h.handle), gateway.KindAlreadyExists)
	wantKind(t, s.gateway.Stream(s.ctx, gateway.Session{Name: "autopromo_nobody"}, h.handle), gateway.KindNotFound)
	// Another process takes the session over: WhatsApp keeps the newer connection.
	s.host(s.newGateway(), session)
	wantKind(t, h.outcome(), gateway.KindAlreadyExists)
}

func TestDelete(t *testing.T) {
	s := newScene(t, nil)
	h, _ := s.link(session, number)
	s.must(s.gateway.Delete(s.ctx, h.session))
	wantKind(t, h.outcome(), gateway.KindNotFound)
	if s.server.Linked(session) {
		t.Error("a streamed session was deleted and is still linked at WhatsApp")
	}
	// One that nobody streams, in a process that never did.
	h, _ = s.link("autopromo_2", "5511912345679")
	h.leave()
	s.must(s.newGateway().Delete(s.ctx, h.session))
	if s.server.Linked("autopromo_2") {
		t.Error("a session that is not streamed was deleted and is still linked at WhatsApp")
	}
	// One that cannot be logged out.
	h, _ = s.link("autopromo_3", "5511912345670")
	h.leave()
	s.server.SetOffline(true)
	s.must(s.gateway.Delete(s.ctx, h.session))
	for _, table := range []string{"whatsmeow_device", "whatsmeow_sessions", "whatsmeow_sender_keys", "whatsmeow_pre_keys", "whatsmeow_autopromo_session"} {
		s.wantRows(table, 0)
	}
}

func TestMediaIsUploadedOnce(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	media := &gateway.Media{Kind: core.Image, MimeType: "image/jpeg", Data: bytes.Repeat([]byte{0xff, 0xd8, 1}, 4000)}
	for range 3 {
		_, err := s.gateway.Send(s.ctx, h.session, gateway.Outbound{To: s.group(phone).JID(), Text: "oferta", Media: media})
		s.must(err)
	}
	video := *media
	video.Kind = core.Video
	document := gateway.Media{Kind: core.Document, MimeType: "application/pdf", FileName: "lista.pdf", Data: []byte("pdf")}
	for _, m := range []*gateway.Media{&video, &document} {
		_, err := s.gateway.Send(s.ctx, h.session, gateway.Outbound{To: s.group(phone).JID(), Text: "oferta", Media: m})
		s.must(err)
	}
	if n := s.server.Uploads(); n != 3 {
		t.Errorf("%d uploads for three attachments", n)
	}
	posts := s.world.PostedVia(session)
	if len(posts) != 5 || posts[4].Media.FileName != "lista.pdf" || posts[4].Text != "oferta" || posts[3].Media.Kind != core.Video {
		t.Errorf("posts %+v", posts)
	}
}

func TestSendRefusals(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	group := s.group(phone)
	for _, c := range []struct {
		fault endpoint.Fault
		kind  gateway.Kind
	}{
		{endpoint.Refuse(463), gateway.KindRestricted},
		{endpoint.Refuse(429), gateway.KindRateLimited},
		{endpoint.Refuse(403), gateway.KindForbidden},
		{endpoint.Refuse(404), gateway.KindNotFound},
		{endpoint.Refuse(479), gateway.KindTemporary},
		{endpoint.Refuse(500), gateway.KindUnknown},
		{endpoint.Refuse(299), gateway.KindUnknown},
	} {
		s.server.NextSend(session, c.fault)
		wantKind(t, h.send(group.JID(), "", "oferta"), c.kind)
	}
	if n := len(s.world.PostedVia(session)); n != 0 {
		t.Errorf("%d posts", n)
	}
	s.must(h.send(group.JID(), "", "oferta")) // with the members asked for again after 479
	group.SetAnnounce(true)
	wantKind(t, h.send(group.JID(), "", "outra"), gateway.KindForbidden)
	for _, bad := range []gateway.Outbound{
		{To: "5511900000001@s.whatsapp.net", Text: "x"}, {To: group.JID()}, {To: group.JID(), Text: "x", ID: "id com espaço"},
		{To: group.JID(), Media: &gateway.Media{Kind: "sticker", Data: []byte("x")}}, {To: group.JID(), Media: &gateway.Media{Kind: core.Image}},
	} {
		_, err := s.gateway.Send(s.ctx, h.session, bad)
		wantKind(t, err, gateway.KindInvalid)
	}
}

func TestNothingRunsOn(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("session", func(t *testing.T) {
		s := newScene(t, nil)
		h, phone := s.link(session, number)
		s.must(h.send(s.group(phone).JID(), "", "oferta"))
	})
	goleak.VerifyNone(t, before)
}
