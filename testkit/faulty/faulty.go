// Package faulty decorates the ports so that something can go wrong right before or right
// after each call that commits, sends or asks somebody else.
//
// A [Trip] is called at each of these points by name. It may end the process, which is how
// crashes are tried out, or return an error, which the caller gets instead of going on:
//
//	repo = faulty.Repository(repo, func(ctx context.Context, point string) error {
//		if point == "lane.begin.after" { … }
//		return nil
//	})
//
// After-points come when the effect has happened, and before the caller knows.
package faulty

import (
	"context"

	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// Trip is told that a point is reached. An error is returned to the caller instead of what
// the call came to.
type Trip func(ctx context.Context, point string) error

// around makes a call between its two points.
func (t Trip) around(ctx context.Context, point string, call func() error) error {
	if err := t(ctx, point+".before"); err != nil {
		return err
	}
	err := call()
	if tripped := t(ctx, point+".after"); tripped != nil {
		return tripped
	}
	return err
}

// Publisher decorates a bus publisher: bus.publish.
func Publisher(p bus.Publisher, trip Trip) bus.Publisher { return publisher{p, trip} }

type publisher struct {
	bus.Publisher
	trip Trip
}

func (p publisher) Publish(ctx context.Context, topic string, messages ...bus.Message) error {
	return p.trip.around(ctx, "bus.publish", func() error { return p.Publisher.Publish(ctx, topic, messages...) })
}

// Subscriber decorates a bus subscriber: bus.handle, around each handler.
func Subscriber(s bus.Subscriber, trip Trip) bus.Subscriber { return subscriber{s, trip} }

type subscriber struct {
	bus.Subscriber
	trip Trip
}

func (s subscriber) Subscribe(ctx context.Context, topic string, handle func(context.Context, bus.Message) error) error {
	return s.Subscriber.Subscribe(ctx, topic, func(ctx context.Context, m bus.Message) error {
		return s.trip.around(ctx, "bus.handle", func() error { return handle(ctx, m) })
	})
}

// Points lists the names of all points, each twice: with ".before" and with ".after".
func Points() []string {
	var all []string
	for _, p := range points {
		all = append(all, p+".before", p+".after")
	}
	return all
}

// points are the calls that are decorated, in the order of a message's journey.
var points = []string{
	"directory.create_tenant", "account.save_settings", "account.renew", "account.govern", "account.erase",
	"api_keys.create", "api_keys.use", "api_keys.delete",
	"sessions.begin", "sessions.see", "sessions.rotate", "sessions.end", "sessions.end_others",
	"hosting.take", "hosting.keep", "hosting.leave", "hosting.ask", "hosting.answer",
	"gateway.provision", "gateway.connect", "gateway.status", "gateway.delete", "gateway.groups", "gateway.restart",
	"instance.create", "instance.update",
	"sources.create", "sources.update", "sources.delete", "sources.discovered",
	"destinations.create", "destinations.update", "destinations.delete",
	"tags.create", "tags.update", "tags.delete",
	"inbox.accept", "inbox.edit", "inbox.revoke",
	"bus.publish", "bus.handle",
	"inbox.claim", "inbox.renew", "inbox.finish", "inbox.redrive",
	"minted_links.save", "offers.save",
	"queue.take_lane", "lane.begin", "lane.renew", "lane.conclude", "lane.release", "lane.wake",
	"gateway.fetch_media", "gateway.send", "gateway.find_sent", "gateway.messages",
	"deliveries.settle",
}
