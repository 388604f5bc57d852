package bunrepository

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

const instancesTable = "whatsapp_instances"

// instanceRow is a row of whatsapp_instances.
type instanceRow struct {
	bun.BaseModel `bun:"table:whatsapp_instances,alias:w"`

	UserID        core.TenantID       `bun:"user_id,pk"`
	ID            core.InstanceID     `bun:"id,pk"`
	Provider      core.Provider       `bun:"provider"`
	Name          string              `bun:"instance_name"`
	ServerURL     string              `bun:"api_url"`
	ServerKey     []byte              `bun:"api_key"`
	Token         []byte              `bun:"token"`
	WebhookHash   string              `bun:"webhook_hash,nullzero"` // NULL is not unique, "" would be
	WebhookSecret []byte              `bun:"webhook_secret"`
	Status        core.InstanceStatus `bun:"status"`
	Reason        core.Reason         `bun:"reason"`
	QRCode        string              `bun:"qr_code"`
	QRCodeAt      int64               `bun:"qr_code_at"`
	PhoneNumber   string              `bun:"phone_number"`
	Generation    int                 `bun:"generation"`
	Provisioned   bool                `bun:"provisioned"`
	LinkedAt      int64               `bun:"linked_at"`
	CheckedAt     int64               `bun:"checked_at"`
	CaughtUpAt    int64               `bun:"caught_up_at"`
	RestartedAt   int64               `bun:"restarted_at"`
	CreatedAt     int64               `bun:"created_at"`
	UpdatedAt     int64               `bun:"updated_at"`
}

func (t tenant) fromInstance(i core.Instance) (instanceRow, error) {
	row := instanceRow{
		UserID: t.id, ID: i.ID, Provider: i.Provider, Name: i.Name, ServerURL: i.ServerURL,
		WebhookHash: i.WebhookHash, Status: i.Status, Reason: i.Reason,
		QRCode: i.QRCode, QRCodeAt: micros(i.QRCodeAt), PhoneNumber: i.PhoneNumber,
		Generation: i.Generation, Provisioned: i.Provisioned,
		LinkedAt: micros(i.LinkedAt), CheckedAt: micros(i.CheckedAt), CaughtUpAt: micros(i.CaughtUpAt), RestartedAt: micros(i.RestartedAt),
		CreatedAt: micros(i.CreatedAt), UpdatedAt: micros(i.UpdatedAt),
	}
	var err error
	for _, s := range []struct {
		column string
		plain  core.Secret
		sealed *[]byte
	}{
		{"api_key", i.ServerKey, &row.ServerKey},
		{"token", i.Token, &row.Token},
		{"webhook_secret", i.WebhookSecret, &row.WebhookSecret},
	} {
		if *s.sealed, err = t.seal.seal(t.place(instancesTable, s.column, string(i.ID)), s.plain); err != nil {
			return row, err
		}
	}
	return row, nil
}

func (t tenant) toInstance(row instanceRow) (core.Instance, error) {
	i := core.Instance{
		ID: row.ID, Provider: row.Provider, Name: row.Name, ServerURL: row.ServerURL,
		WebhookHash: row.WebhookHash, Status: row.Status, Reason: row.Reason,
		QRCode: row.QRCode, QRCodeAt: moment(row.QRCodeAt), PhoneNumber: row.PhoneNumber,
		Generation: row.Generation, Provisioned: row.Provisioned,
		LinkedAt: moment(row.LinkedAt), CheckedAt: moment(row.CheckedAt), CaughtUpAt: moment(row.CaughtUpAt), RestartedAt: moment(row.RestartedAt),
		CreatedAt: moment(row.CreatedAt), UpdatedAt: moment(row.UpdatedAt),
	}
	var err error
	for _, s := range []struct {
		column string
		sealed []byte
		plain  *core.Secret
	}{
		{"api_key", row.ServerKey, &i.ServerKey},
		{"token", row.Token, &i.Token},
		{"webhook_secret", row.WebhookSecret, &i.WebhookSecret},
	} {
		if *s.plain, err = t.seal.open(t.place(instancesTable, s.column, string(i.ID)), s.sealed); err != nil {
			return core.Instance{}, err
		}
	}
	return i, nil
}

type instance struct{ tenant }

func (n instance) Get(ctx context.Context) (i core.Instance, err error) {
	err = n.look(ctx, "instance", func(ctx context.Context, db bun.IDB) error {
		row, err := find[instanceRow](ctx, db, n.tenant, "TRUE")
		if err != nil {
			return err
		}
		i, err = n.toInstance(row)
		return err
	})
	return i, err
}

func (n instance) Create(ctx context.Context, i core.Instance) error {
	return n.change(ctx, "create instance", func(ctx context.Context, tx bun.Tx) error {
		row, err := n.fromInstance(i)
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, row); err != nil {
			return err
		}
		return insert(ctx, tx, laneRow{UserID: n.id, InstanceID: i.ID})
	})
}

func (n instance) Update(ctx context.Context, change func(*core.Instance) error) (out core.Instance, err error) {
	err = n.change(ctx, "update instance", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[instanceRow](ctx, tx, n.tenant, "TRUE")
		if err != nil {
			return err
		}
		i, err := n.toInstance(row)
		if err != nil {
			return err
		}
		if err := change(&i); err != nil {
			return refusal{err}
		}
		i.ID = row.ID
		if row, err = n.fromInstance(i); err != nil {
			return err
		}
		if out, err = n.toInstance(row); err != nil {
			return err
		}
		return replace(ctx, tx, row)
	})
	if err != nil {
		return core.Instance{}, err
	}
	return out, nil
}
