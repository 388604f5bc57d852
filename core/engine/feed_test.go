package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

var errHeard = errors.New("heard enough")

// hears watches a tenant until a change is wanted, and returns it with the ids of all others
// that were told.
func (h *house) hears(id core.TenantID, since time.Time, wanted func(repository.Change) bool) (found repository.Change, ids []string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	err := h.engine.Tenant(id).Watch(ctx, since, func(changes []repository.Change) error {
		for _, c := range changes {
			ids = append(ids, c.ID)
			if wanted(c) {
				found = c
				return errHeard
			}
		}
		return nil
	})
	if !errors.Is(err, errHeard) {
		h.t.Fatalf("never heard it: %v", err)
	}
	return found, ids
}

func sent(c repository.Change) bool {
	return c.Kind == repository.DeliveryChanged && c.State == string(core.DeliverySent)
}

func TestWatchTellsOwnChangesOnly(t *testing.T) {
	h := build(t, nil).start()
	bia, caio := h.marketer("bia", "5511900000002", "bia-20"), h.marketer("caio", "5511900000003", "caio-20")
	start := h.engine.Now()
	h.post("Fone por R$ 10,00 https://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20")
	ofBia, toldBia := h.hears(bia.id, start, sent)
	ofCaio, toldCaio := h.hears(caio.id, start, sent)
	if ofBia.Offer == ofCaio.Offer {
		t.Errorf("both were told of offer %s", ofBia.Offer)
	}
	for _, id := range toldBia {
		for _, other := range toldCaio {
			if id == other {
				t.Errorf("both were told of %s", id)
			}
		}
	}
	// Who comes back is told again what they may have missed, and what is older is not.
	again, _ := h.hears(bia.id, ofBia.At, sent)
	if again != ofBia {
		t.Errorf("after coming back: %+v, want %+v", again, ofBia)
	}
}

// A change of another process is in the database and wakes nobody here.
func TestWatchFindsWhatOthersChange(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	now := h.engine.Now()
	_, err := h.repo.Tenant(bia.id).Instance().Update(t.Context(), func(i *core.Instance) error {
		i.Closed(core.ReasonLoggedOut, h.engine.Now())
		return nil
	})
	h.must(err)
	got, _ := h.hears(bia.id, now, func(c repository.Change) bool {
		return c.Kind == repository.ConnectionChanged && c.State == string(core.InstanceDisconnected)
	})
	if got.Offer != "" {
		t.Errorf("a connection with an offer: %+v", got)
	}
}
