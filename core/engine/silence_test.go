package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// A session that brings nothing at a time of the day when its groups usually speak connects
// anew, once.
func TestSilentSessionIsRestarted(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.delivered()
	for day := range 5 {
		if n := h.wire.times("restart"); n != 0 {
			t.Fatalf("restarted %d times after %d days", n, day)
		}
		bia.hears("messages.upsert", fmt.Sprintf(`{"key":{"remoteJid":%q,"participant":"1@lid","fromMe":false,"id":"M%d"},
			"message":{"conversation":"Produto %d https://www.amazon.com.br/dp/B0TESTE00%d"},"messageType":"conversation","messageTimestamp":%d}`,
			h.source.JID(), day, day, day, h.engine.Now().Unix()))
		bia.offers(day+1, nil)
		h.later(24 * time.Hour)
		bia.checked()
	}
	h.eventually("the session is restarted", func() bool { return h.wire.times("restart") == 1 })
	bia.checked()
	h.later(time.Hour)
	bia.checked()
	if n := h.wire.times("restart"); n != 1 {
		t.Errorf("restarted %d times", n)
	}
	if inst := bia.waitStatus(core.InstanceConnected); inst.RestartedAt.IsZero() {
		t.Error("when it was restarted is not stored")
	}
}

// checked waits until the provider was asked about the session just now.
func (m *marketer) checked() {
	m.h.t.Helper()
	now := m.h.engine.Now()
	m.h.eventually("the session is checked", func() bool { return !m.instance().CheckedAt.Before(now.Add(-time.Minute)) })
}

// A process that begins asks about every session, however recently another one did.
func TestSessionsAreCheckedAtTheStart(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	h.delivered()
	bia.asks() // has been checked just now
	before := h.wire.times("status")
	h.start()
	h.eventually("the session is checked", func() bool { return h.wire.times("status") > before })
}
