package fakeevolution

import "slices"

// WebhookAction is what a [WebhookFault] does.
type WebhookAction string

// The actions on a webhook.
const (
	Lose      WebhookAction = "lose"      // never delivered
	Duplicate WebhookAction = "duplicate" // delivered twice
	Swap      WebhookAction = "swap"      // delivered right after the instance's next one
	Hold      WebhookAction = "hold"      // delivered at ReleaseWebhooks
)

// WebhookFault is a misbehaviour of webhook delivery.
type WebhookFault struct {
	Do WebhookAction
	// Event is the event it hits, such as "messages.upsert", "" for all.
	Event string
	// Instance is the instance it hits, "" for all.
	Instance string
	// Times is how many webhooks it hits, one when zero, [Forever] for all.
	Times int
}

// NextWebhook queues webhook faults. Each webhook takes the first that fits it.
func (s *Server) NextWebhook(faults ...WebhookFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.webhookFaults = append(s.webhookFaults, f)
	}
}

// ReleaseWebhooks delivers the held webhooks in their order, then the swapped ones that
// still wait for a next one.
func (s *Server) ReleaseWebhooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held
	s.held = nil
	for _, d := range held {
		s.enqueue(d)
	}
	for _, i := range s.instances {
		if waiting := i.out.swapped; len(waiting) > 0 {
			i.out.swapped = waiting[1:]
			s.enqueue(waiting[0])
		}
	}
}

func (s *Server) takeWebhookFault(d *delivery) WebhookAction {
	for i, f := range s.webhookFaults {
		if f.Event != "" && f.Event != d.record.Event || f.Instance != "" && f.Instance != d.record.Instance {
			continue
		}
		if f.Times > 0 {
			if s.webhookFaults[i].Times--; s.webhookFaults[i].Times == 0 {
				s.webhookFaults = slices.Delete(s.webhookFaults, i, i+1)
			}
		}
		return f.Do
	}
	return ""
}
