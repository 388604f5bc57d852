package gatewaytest_test

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// broken is tiny with some of its methods gone wrong; nil leaves a method right.
type broken struct {
	*tiny
	capabilities func(gateway.Capabilities) gateway.Capabilities
	provision    func(context.Context, gateway.Session, gateway.Webhook) (gateway.Provisioned, error)
	connect      func(context.Context, gateway.Session) (gateway.Pairing, error)
	status       func(context.Context, gateway.Session) (gateway.Status, error)
	remove       func(context.Context, gateway.Session) error
	groups       func(context.Context, gateway.Session) ([]core.Group, error)
	send         func(context.Context, gateway.Session, gateway.Outbound) (gateway.Receipt, error)
	find         func(context.Context, gateway.Session, gateway.SentQuery) (bool, core.MessageID, error)
	media        func(context.Context, gateway.Session, core.Media, int64) (gateway.Media, error)
	code         func(context.Context, gateway.Session, string) (string, error)
	restart      func(context.Context, gateway.Session) error
	messages     func(context.Context, gateway.Session, core.JID, time.Time, int) ([]gateway.Message, error)
	authenticate func(gateway.Request, gateway.SessionAuth) error
	decode       func(gateway.Request) (gateway.Inbound, error)
}

func (b broken) Capabilities() gateway.Capabilities {
	if b.capabilities != nil {
		return b.capabilities(b.tiny.Capabilities())
	}
	return b.tiny.Capabilities()
}

func (b broken) Provision(ctx context.Context, s gateway.Session, w gateway.Webhook) (gateway.Provisioned, error) {
	if b.provision != nil {
		return b.provision(ctx, s, w)
	}
	return b.tiny.Provision(ctx, s, w)
}

func (b broken) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	if b.connect != nil {
		return b.connect(ctx, s)
	}
	return b.tiny.Connect(ctx, s)
}

func (b broken) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	if b.status != nil {
		return b.status(ctx, s)
	}
	return b.tiny.Status(ctx, s)
}

func (b broken) Delete(ctx context.Context, s gateway.Session) error {
	if b.remove != nil {
		return b.remove(ctx, s)
	}
	return b.tiny.Delete(ctx, s)
}

func (b broken) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	if b.groups != nil {
		return b.groups(ctx, s)
	}
	return b.tiny.Groups(ctx, s)
}

func (b broken) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	if b.send != nil {
		return b.send(ctx, s, m)
	}
	return b.tiny.Send(ctx, s, m)
}

func (b broken) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
	if b.find != nil {
		return b.find(ctx, s, q)
	}
	return b.tiny.FindSent(ctx, s, q)
}

func (b broken) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, limit int64) (gateway.Media, error) {
	if b.media != nil {
		return b.media(ctx, s, m, limit)
	}
	return b.tiny.FetchMedia(ctx, s, m, limit)
}

func (b broken) PairingCode(ctx context.Context, s gateway.Session, phone string) (string, error) {
	if b.code != nil {
		return b.code(ctx, s, phone)
	}
	return b.tiny.PairingCode(ctx, s, phone)
}

func (b broken) Restart(ctx context.Context, s gateway.Session) error {
	if b.restart != nil {
		return b.restart(ctx, s)
	}
	return b.tiny.Restart(ctx, s)
}

func (b broken) Messages(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) ([]gateway.Message, error) {
	if b.messages != nil {
		return b.messages(ctx, s, chat, since, limit)
	}
	return b.tiny.Messages(ctx, s, chat, since, limit)
}

func (b broken) Authenticate(r gateway.Request, s gateway.SessionAuth) error {
	if b.authenticate != nil {
		return b.authenticate(r, s)
	}
	return b.tiny.Authenticate(r, s)
}

func (b broken) Decode(r gateway.Request) (gateway.Inbound, error) {
	if b.decode != nil {
		return b.decode(r)
	}
	return b.tiny.Decode(r)
}
