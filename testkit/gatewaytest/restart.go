package gatewaytest

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func restartCases() []Case {
	return []Case{
		{Name: "RestartKeepsTheLink", Needs: []Need{NeedRestart, NeedPhones}, Run: restartKeepsTheLink},
		{Name: "RestartOfAnUnknownSession", Needs: []Need{NeedRestart}, Run: restartOfNobody},
	}
}

func restartKeepsTheLink(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, group := r.openInGroup("conf-restart")
	if err := h.Gateway.(gateway.Restarter).Restart(r.ctx, s); err != nil {
		r.Fatalf("Restart of an open session failed: %v", err)
	}
	r.eventually("a restarted session is open again, without a new QR code: it must not be logged out", func() bool {
		status, err := h.Gateway.Status(r.ctx, s)
		return err == nil && status.State == gateway.StateOpen
	})
	if _, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: group, Text: "depois do reinício"}); err != nil {
		r.Errorf("a restarted session does not send: %v", err)
	}
}

func restartOfNobody(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	err := h.Gateway.(gateway.Restarter).Restart(r.ctx, r.Provider.Session(r.fresh("conf-restart-nobody")))
	r.wantKind(err, "there is nothing to restart", gateway.KindNotFound)
}
