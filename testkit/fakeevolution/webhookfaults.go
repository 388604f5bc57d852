package fakeevolution

import "github.com/autopromo-cloud/autopromo/testkit/webhooks"

// Outcome is how the delivery of a webhook ended.
type Outcome = webhooks.Outcome

// The outcomes of a delivery.
const (
	Waiting   = webhooks.Waiting   // not yet ended
	Delivered = webhooks.Delivered // any 2xx
	Refused   = webhooks.Refused   // 400, 401, 403, 404 or 422: never repeated
	GaveUp    = webhooks.GaveUp    // all attempts used
	Lost      = webhooks.Lost      // by a fault, a restart or Close
)

// WebhookAction is what a [WebhookFault] does.
type WebhookAction = webhooks.Action

// The actions on a webhook.
const (
	Lose      = webhooks.Lose      // never delivered
	Duplicate = webhooks.Duplicate // delivered twice
	Swap      = webhooks.Swap      // delivered right after the instance's next one
	Hold      = webhooks.Hold      // delivered at ReleaseWebhooks
)

// WebhookFault is a misbehaviour of webhook delivery.
type WebhookFault = webhooks.Fault

// NextWebhook queues webhook faults. Each webhook takes the first that fits it.
func (s *Server) NextWebhook(faults ...WebhookFault) { s.courier.Next(faults...) }

// ReleaseWebhooks delivers the held webhooks in their order, then the swapped ones that
// still wait for a next one.
func (s *Server) ReleaseWebhooks() { s.courier.Release() }
