package faulty

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// FullGateway is a gateway with everything that is optional. Only such a one is decorated:
// a decorator must neither lose an ability nor invent one.
type FullGateway interface {
	gateway.Gateway
	gateway.MediaFetcher
	gateway.SentFinder
	gateway.History
	gateway.WebhookReceiver
	gateway.Restarter
}

// Gateway decorates every call to the provider.
func Gateway(g FullGateway, trip Trip) FullGateway { return provider{g, trip} }

type provider struct {
	FullGateway
	trip Trip
}

func (p provider) Provision(ctx context.Context, s gateway.Session, hook gateway.Webhook) (out gateway.Provisioned, err error) {
	err = p.trip.around(ctx, "gateway.provision", func() (err error) {
		out, err = p.FullGateway.Provision(ctx, s, hook)
		return err
	})
	return out, err
}

func (p provider) Connect(ctx context.Context, s gateway.Session) (out gateway.Pairing, err error) {
	err = p.trip.around(ctx, "gateway.connect", func() (err error) {
		out, err = p.FullGateway.Connect(ctx, s)
		return err
	})
	return out, err
}

func (p provider) Status(ctx context.Context, s gateway.Session) (out gateway.Status, err error) {
	err = p.trip.around(ctx, "gateway.status", func() (err error) {
		out, err = p.FullGateway.Status(ctx, s)
		return err
	})
	return out, err
}

func (p provider) Delete(ctx context.Context, s gateway.Session) error {
	return p.trip.around(ctx, "gateway.delete", func() error { return p.FullGateway.Delete(ctx, s) })
}

func (p provider) Restart(ctx context.Context, s gateway.Session) error {
	return p.trip.around(ctx, "gateway.restart", func() error { return p.FullGateway.Restart(ctx, s) })
}

func (p provider) Groups(ctx context.Context, s gateway.Session) (out []core.Group, err error) {
	err = p.trip.around(ctx, "gateway.groups", func() (err error) {
		out, err = p.FullGateway.Groups(ctx, s)
		return err
	})
	return out, err
}

func (p provider) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (out gateway.Receipt, err error) {
	err = p.trip.around(ctx, "gateway.send", func() (err error) {
		out, err = p.FullGateway.Send(ctx, s, m)
		return err
	})
	return out, err
}

func (p provider) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, limit int64) (out gateway.Media, err error) {
	err = p.trip.around(ctx, "gateway.fetch_media", func() (err error) {
		out, err = p.FullGateway.FetchMedia(ctx, s, m, limit)
		return err
	})
	return out, err
}

func (p provider) Messages(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) (out []gateway.Message, err error) {
	err = p.trip.around(ctx, "gateway.messages", func() (err error) {
		out, err = p.FullGateway.Messages(ctx, s, chat, since, limit)
		return err
	})
	return out, err
}

func (p provider) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (found bool, id core.MessageID, err error) {
	err = p.trip.around(ctx, "gateway.find_sent", func() (err error) {
		found, id, err = p.FullGateway.FindSent(ctx, s, q)
		return err
	})
	return found, id, err
}
