// Package webhooks delivers the webhooks of a simulated provider: in order for each
// session, with the provider's retries, and with the misbehaviour a test asks for.
//
// It is what fakes of different providers have in common. What a request says, who signs
// it and how often it is repeated is in the [Letter]; the [Courier] keeps the record of what
// became of it.
package webhooks
