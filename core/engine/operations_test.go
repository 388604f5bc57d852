package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// lane is how an operator sees the tenant's lane, the zero summary when it has nothing to do.
func (m *marketer) lane() repository.LaneSummary {
	m.h.t.Helper()
	lanes, err := m.h.engine.Operations("op").Lanes(m.h.t.Context(), 10)
	m.h.must(err)
	for _, l := range lanes {
		if l.Tenant == m.id {
			return l
		}
	}
	return repository.LaneSummary{}
}

// The operator's daily limit holds whatever the tenant's own pacing allows, and what waited
// for it goes out once there is room.
func TestOperatorsDailyLimitHolds(t *testing.T) {
	h := build(t, func(c *engine.Config) { c.WithoutPacing = false }).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	_, err := bia.ChangeSettings(t.Context(), func(s *core.Settings) error {
		s.Window = core.Window{}
		// It is about noon, whenever this runs: the day does not end meanwhile.
		s.TimeZone = fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)
		return nil
	})
	h.must(err)
	operator := h.engine.Operations("op@exemplo.com.br")
	limit := func(perDay int) {
		t.Helper()
		_, err := operator.SetLimits(t.Context(), bia.id, core.Limits{PerDay: perDay})
		h.must(err)
	}
	limit(1)
	h.post(foreign)
	bia.received(1)
	h.clock.Add(int64(10 * time.Minute)) // every gap is over
	h.post("Outra: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20")
	h.eventually("the lane waits for tomorrow", func() bool {
		l := bia.lane()
		return l.Pending == 1 && l.NextSendAt.After(h.engine.Now().Add(2*time.Hour))
	})
	limit(2)
	bia.received(2)
}

func TestInactiveTenantSendsNothing(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	caio := h.marketer("caio", "5511900000003", "caio-20")
	operator := h.engine.Operations("op@exemplo.com.br")
	_, err := operator.SetActive(t.Context(), bia.id, false)
	h.must(err)
	h.post(foreign)
	caio.received(1)
	if n := len(h.world.PostedIn(bia.group.JID())); n != 0 {
		t.Errorf("%d messages of a tenant that is shut out", n)
	}
	health, err := operator.Health(t.Context())
	h.must(err)
	if health.Ledger.Lost != 0 || health.DatabaseFault != nil {
		t.Errorf("health %+v", health)
	}
}
