package engine

import (
	"context"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Offers lists the tenant's offers with their deliveries, newest first.
func (t *Tenant) Offers(ctx context.Context, q repository.OfferQuery) ([]core.Offer, error) {
	return t.repo.Offers().List(ctx, q)
}

// Offer returns one offer with its deliveries.
func (t *Tenant) Offer(ctx context.Context, id core.OfferID) (core.Offer, error) {
	return t.repo.Offers().Get(ctx, id)
}

// RetryDelivery sends again what failed, or, as a person's own decision, what could not be
// confirmed and may therefore appear twice. Any other state is CodeConflict with
// ReasonDeliveryState.
func (t *Tenant) RetryDelivery(ctx context.Context, id core.DeliveryID) (core.Delivery, error) {
	d, err := t.move(ctx, id, core.DeliveryPending, core.DeliveryFailed, core.DeliveryUnconfirmed)
	if err == nil {
		t.wake(ctx)
	}
	return d, err
}

// CancelDelivery takes back what has not been sent yet. Any other state is CodeConflict
// with ReasonDeliveryState.
func (t *Tenant) CancelDelivery(ctx context.Context, id core.DeliveryID) (core.Delivery, error) {
	return t.move(ctx, id, core.DeliveryCancelled, core.DeliveryPending)
}

// move is a person's decision about a delivery that is in one of the given states.
func (t *Tenant) move(ctx context.Context, id core.DeliveryID, to core.DeliveryState, from ...core.DeliveryState) (core.Delivery, error) {
	d, err := t.repo.Deliveries().Get(ctx, id)
	if err != nil {
		return core.Delivery{}, err
	}
	allowed := false
	for _, s := range from {
		allowed = allowed || d.State == s
	}
	if !allowed {
		return core.Delivery{}, core.NewError(core.CodeConflict, core.ReasonDeliveryState, string(d.State))
	}
	d, err = t.repo.Deliveries().Settle(ctx, repository.Settle{
		ID: id, From: d.State, Attempt: d.Attempt, To: to, Reason: core.ReasonByPerson,
		RaiseEpoch: d.State == core.DeliveryUnconfirmed, Now: t.e.now(),
	})
	if core.CodeOf(err) == core.CodeConflict {
		return core.Delivery{}, core.NewError(core.CodeConflict, core.ReasonDeliveryState, string(d.State))
	}
	return d, err
}
