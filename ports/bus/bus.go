// Package bus is the port for doorbells: small messages that carry only ids and wake
// whoever does the work. The database is the truth, so a lost doorbell is rung again and
// a repeated one is harmless.
package bus

import "context"

// Message is one doorbell.
type Message struct {
	// ID names the message for tracing; at-least-once delivery may repeat it.
	ID      string
	Payload []byte
}

// Publisher hands messages over.
type Publisher interface {
	// Publish returns nil only when the bus has accepted every message as durably as it
	// can. It must be safe for concurrent use.
	Publish(ctx context.Context, topic string, messages ...Message) error
}

// Subscriber receives messages.
type Subscriber interface {
	// Subscribe calls handle for each message of topic, concurrently if the adapter is
	// configured so, until ctx ends; then it waits for running handlers and returns nil.
	// handle returning nil acknowledges the message; an error has it delivered again
	// later, never in a hot loop. Each message must reach one subscriber of the topic at
	// least once. Handlers run with a context that outlives ctx, so that work under way at
	// shutdown finishes.
	Subscribe(ctx context.Context, topic string, handle func(context.Context, Message) error) error
}
