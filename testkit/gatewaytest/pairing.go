package gatewaytest

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func pairingCases() []Case {
	return []Case{
		{Name: "PairingCodeLinksThePhone", Needs: []Need{NeedPairingCode, NeedCodeTyper}, Run: pairingCodeLinks},
		{Name: "PairingCodeOfALinkedSessionExists", Needs: []Need{NeedPairingCode, NeedPhones}, Run: pairingCodeOfALinkedSession},
		{Name: "PairingCodeRefusesABadNumber", Needs: []Need{NeedPairingCode}, Run: pairingCodeBadNumber},
		{Name: "PairingCodeOfAnUnknownSession", Needs: []Need{NeedPairingCode}, Run: pairingCodeOfNobody},
	}
}

func (r run) coder() gateway.PairingCoder { return r.Gateway.(gateway.PairingCoder) }

func pairingCodeLinks(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-code")
	if _, err := h.Gateway.Connect(r.ctx, s); err != nil {
		r.Fatalf("Connect of a new session failed: %v", err)
	}
	var code string
	r.eventually("a pairing session gives a pairing code", func() bool {
		var err error
		code, err = r.coder().PairingCode(r.ctx, s, ourPhone)
		return err == nil && code != ""
	})
	if err := r.Provider.(CodeTyper).TypeCode(s.Name, ourPhone, code); err != nil {
		r.Fatalf("the phone refused the code of %d characters: %v; it must be what the person types, for the number they named", len(code), err)
	}
	status, err := h.Gateway.Status(r.ctx, s)
	if err != nil || status.State != gateway.StateOpen {
		r.Errorf("after the code was typed the session is %q, %v; it must be open", status.State, err)
	}
}

func pairingCodeOfALinkedSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	_, err := r.coder().PairingCode(r.ctx, r.open("conf-code-linked"), ourPhone)
	r.wantKind(err, "a linked session needs no code, and a new one must not unlink it", gateway.KindAlreadyExists)
}

func pairingCodeBadNumber(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-code-bad")
	for _, phone := range []string{"", "12", "+5511912345678", "não", "55119123456789012345", "5511 91234-5678"} {
		_, err := r.coder().PairingCode(r.ctx, s, phone)
		r.wantKind(err, "what is no number in digits stays wrong, and must not reach WhatsApp", gateway.KindInvalid)
		r.wantNoSecrets(err, phone)
	}
}

func pairingCodeOfNobody(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	_, err := r.coder().PairingCode(r.ctx, r.Provider.Session(r.fresh("conf-code-nobody")), ourPhone)
	r.wantKind(err, "there is nothing to pair", gateway.KindNotFound, gateway.KindNotConnected)
}
