package gatewaytest

import (
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func sessionCases() []Case {
	phones := []Need{NeedPhones}
	return []Case{
		{Name: "CapabilitiesAreTrue", Run: capabilitiesAreTrue},
		{Name: "CapabilitiesNeverChange", Needs: phones, Run: capabilitiesNeverChange},
		{Name: "ClientIDsAreTreatedAsClaimed", Needs: phones, Run: clientIDsAsClaimed},
		{Name: "ProvisionedSessionIsUsableAtOnce", Run: provisionedSessionIsUsable},
		{Name: "ProvisionRefusesATakenName", Run: provisionRefusesATakenName},
		{Name: "ProvisionMakesOneOfMany", Run: provisionMakesOneOfMany},
		{Name: "ProvisionRefusesAWrongKey", Needs: []Need{NeedServer}, Run: provisionRefusesAWrongKey},
		{Name: "OddNamesReachNoOtherSession", Run: oddNamesReachNoOtherSession},
		{Name: "ConnectShowsAQRCode", Needs: phones, Run: connectShowsAQRCode},
		{Name: "ConnectOfALinkedSessionHasNoQRCode", Needs: phones, Run: connectOfALinkedSession},
		{Name: "StatusOfALinkedSessionNamesThePhone", Needs: phones, Run: statusNamesThePhone},
		{Name: "StatusAfterLogoutAsksForAQRCode", Needs: phones, Run: statusAfterLogout},
		{Name: "UnknownSessionIsNotFound", Run: unknownSessionIsNotFound},
		{Name: "DeleteIsIdempotent", Run: deleteIsIdempotent},
		{Name: "DeleteOfALinkedSession", Needs: phones, Run: deleteOfALinkedSession},
		{Name: "SessionsAreApart", Needs: phones, Run: sessionsAreApart},
	}
}

func capabilitiesAreTrue(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	c := h.Gateway.Capabilities()
	if c.Provider == "" {
		r.Error("Capabilities.Provider is empty; instances are stored under it")
	}
	_, finds := h.Gateway.(gateway.SentFinder)
	if finds != (c.SentLookup == gateway.LookupPositive || c.SentLookup == gateway.LookupComplete) {
		r.Errorf("Capabilities.SentLookup is %q but FindSent exists: %v; claim exactly what is implemented", c.SentLookup, finds)
	}
	if c.ClientMessageID != gateway.ClientIDIgnored && c.ClientMessageID != gateway.ClientIDHonoured {
		r.Errorf("Capabilities.ClientMessageID is %q; say whether ids we choose are ignored or honoured", c.ClientMessageID)
	}
	s := r.Provider.Session(r.fresh("conf-caps"))
	if c.NeedsServer && (s.ServerURL == "" || s.ServerKey.IsZero() && s.Token.IsZero()) {
		r.Error("Capabilities.NeedsServer is set but the harness gave a session without server or key")
	}
	_, streams := h.Gateway.(gateway.Streamer)
	_, receives := h.Gateway.(gateway.WebhookReceiver)
	if !streams && !receives {
		r.Error("the gateway neither receives webhooks nor streams; without events no offer ever comes in")
	}
}

func capabilitiesNeverChange(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	before := h.Gateway.Capabilities()
	s, chat := r.openInGroup("conf-constant")
	_, _ = h.Gateway.Status(r.ctx, s)
	_, _ = h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	if after := h.Gateway.Capabilities(); after != before {
		r.Errorf("Capabilities were %+v and are %+v after some work; the engine reads them once and builds its guarantees on them", before, after)
	}
}

// clientIDsAsClaimed tests the claim both ways: an id that is honoured makes one message of
// two sends, and one that is ignored must not be relied on.
func clientIDsAsClaimed(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-ids")
	const id = "3EB0C0FFEE00C0FFEE0001"
	for range 2 {
		if _, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{ID: id, To: chat, Text: plainText}); err != nil {
			r.Fatalf("Send failed: %v", err)
		}
	}
	posts := r.posts(s.Name, chat)
	honoured := len(posts) == 1 && posts[0].ID == id
	switch h.Gateway.Capabilities().ClientMessageID {
	case gateway.ClientIDHonoured:
		if !honoured {
			r.Errorf("the same id sent twice gave %d posts; ClientIDHonoured promises that it is one message with our id, and the engine repeats doubtful sends on that promise", len(posts))
		}
	default:
		if honoured {
			r.Error("the id we chose was honoured, but Capabilities.ClientMessageID does not say so; claim it, and the engine can repeat a doubtful send instead of parking it")
		}
	}
}

func provisionedSessionIsUsable(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	status, err := h.Gateway.Status(r.ctx, r.provisioned("conf-new"))
	if err != nil {
		r.Fatalf("Status right after Provision failed: %v; the session must be usable at once with the token Provision returned", err)
	}
	if status.State == gateway.StateOpen || status.Phone != "" {
		r.Errorf("a session nobody scanned is %q with a phone of %d digits; it must not look open before WhatsApp accepted it", status.State, len(status.Phone))
	}
}

func provisionRefusesATakenName(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-twice")
	_, err := h.Gateway.Provision(r.ctx, r.Provider.Session(s.Name), r.Provider.Webhook(s.Name))
	r.wantKind(err, "the engine takes another name then; any other answer would let two tenants share a session", gateway.KindAlreadyExists)
	if _, err := h.Gateway.Status(r.ctx, s); err != nil {
		r.Errorf("the first session is gone after the refused creation: %v", err)
	}
}

func provisionMakesOneOfMany(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	const callers = 8
	s := r.Provider.Session(r.fresh("conf-race"))
	hook := r.Provider.Webhook(s.Name)
	r.deleteAtEnd(s)
	results := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			_, results[i] = h.Gateway.Provision(r.ctx, s, hook)
		})
	}
	wg.Wait()
	made := 0
	for _, err := range results {
		if err == nil {
			made++
			continue
		}
		r.wantKind(err, "somebody else was faster", gateway.KindAlreadyExists)
	}
	if made != 1 {
		r.Errorf("%d of %d concurrent creations of one name succeeded; exactly one must", made, callers)
	}
}

func provisionRefusesAWrongKey(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.Provider.Session(r.fresh("conf-key"))
	good := s
	s.ServerKey = core.NewSecret("a-key-nobody-has")
	_, err := h.Gateway.Provision(r.ctx, s, r.Provider.Webhook(s.Name))
	r.wantKind(err, "a refused key needs a person and must not be retried", gateway.KindAuth)
	_, err = h.Gateway.Status(r.ctx, good)
	r.wantKind(err, "a refused creation must leave nothing behind", gateway.KindNotFound, gateway.KindAuth)
}

func oddNamesReachNoOtherSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-odd")
	for _, name := range []string{"", "../" + s.Name, s.Name + "/../" + s.Name, s.Name + "?x=1", s.Name + "%00", "conf odd", s.Name + "\n"} {
		odd := s
		odd.Name = name
		_, err := h.Gateway.Status(r.ctx, odd)
		r.wantKind(err, "a name that core.ValidInstanceName refuses must never become part of a path", gateway.KindInvalid, gateway.KindNotFound)
		if h.Gateway.Delete(r.ctx, odd) == nil {
			if _, err := h.Gateway.Status(r.ctx, s); err != nil {
				r.Errorf("deleting the session %q hit the session %q", name, s.Name)
			}
		}
	}
}

func connectShowsAQRCode(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-qr")
	for range 2 { // asking again while pairing is harmless
		p, err := h.Gateway.Connect(r.ctx, s)
		if err != nil {
			r.Fatalf("Connect of an unlinked session failed: %v", err)
		}
		if p.State == gateway.StateOpen || p.State == gateway.StateLoggedOut {
			r.Errorf("Connect of a session nobody scanned says %q; it waits for a scan", p.State)
		}
	}
	r.eventually("Connect returns a QR code", func() bool {
		p, err := h.Gateway.Connect(r.ctx, s)
		return err == nil && p.QR != ""
	})
	r.must(r.phones().Link(s.Name, ourPhone))
}

func connectOfALinkedSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	p, err := h.Gateway.Connect(r.ctx, r.open("conf-linked"))
	if err != nil || p.State != gateway.StateOpen || p.QR != "" {
		r.Errorf("Connect of a linked session is %q, QR %v, error %v; it must be open without a QR code, or a tenant is asked to scan again", p.State, p.QR != "", err)
	}
}

func statusNamesThePhone(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	status, err := h.Gateway.Status(r.ctx, r.open("conf-phone"))
	if err != nil || status.State != gateway.StateOpen {
		r.Fatalf("Status of a linked session is %q, %v; it must be open", status.State, err)
	}
	if status.Phone != "" && status.Phone != ourPhone {
		r.Errorf("Status names another number than the one that scanned; give its digits only, or nothing when the provider does not know")
	}
}

func statusAfterLogout(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-logout")
	r.must(r.phones().Unlink(s.Name))
	status, err := h.Gateway.Status(r.ctx, s)
	if err != nil || status.State != gateway.StateLoggedOut {
		r.Errorf("Status after the phone removed the session is %q, %v; it must be logged_out, because only a new QR code helps and reconnecting for ever does not", status.State, err)
	}
}

func unknownSessionIsNotFound(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.Provider.Session(r.fresh("conf-nobody"))
	const why = "a session the provider does not know is made anew; as a temporary fault it would be waited for in vain"
	kinds := []gateway.Kind{gateway.KindNotFound}
	if _, streams := h.Gateway.(gateway.Streamer); streams {
		kinds = append(kinds, gateway.KindNotConnected) // nobody hosts it either
	}
	_, err := h.Gateway.Status(r.ctx, s)
	r.wantKind(err, why, kinds...)
	_, err = h.Gateway.Connect(r.ctx, s)
	r.wantKind(err, why, kinds...)
	_, err = h.Gateway.Groups(r.ctx, s)
	r.wantKind(err, why, kinds...)
	_, err = h.Gateway.Send(r.ctx, s, gateway.Outbound{To: elsewhere, Text: plainText})
	r.wantKind(err, why, kinds...)
}

func deleteIsIdempotent(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	if err := h.Gateway.Delete(r.ctx, r.Provider.Session(r.fresh("conf-never"))); err != nil {
		r.Errorf("Delete of a session that never was failed: %v; what is not there is deleted", err)
	}
	r.deleteTwice(r.provisioned("conf-delete"))
}

func deleteOfALinkedSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	r.deleteTwice(r.open("conf-delete-linked"))
}

func (r run) deleteTwice(s gateway.Session) {
	r.Helper()
	for range 2 {
		if err := r.Gateway.Delete(r.ctx, s); err != nil {
			r.Errorf("Delete failed: %v; it must be repeatable, for an account is erased even when the first try was cut off", err)
		}
	}
	r.eventually("a deleted session is not found", func() bool {
		_, err := r.Gateway.Status(r.ctx, s)
		return gateway.KindOf(err) == gateway.KindNotFound || r.streams[s.Name] != nil && gateway.KindOf(err) == gateway.KindNotConnected
	})
}

func sessionsAreApart(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	ours, chat := r.openInGroup("conf-apart-a")
	other := r.provisioned("conf-apart-b")
	if _, err := h.Gateway.Send(r.ctx, other, gateway.Outbound{To: chat, Text: plainText}); err == nil {
		r.Error("a session without a phone sent a message; it can only have left through another tenant's session")
	}
	if n := len(r.posts(ours.Name, chat)); n != 0 {
		r.Errorf("%d messages of one session appeared in another's group", n)
	}
}
