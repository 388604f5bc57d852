package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// apiKeyRow is a row of api_keys.
type apiKeyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:k"`

	UserID    core.TenantID `bun:"user_id,pk"`
	ID        core.APIKeyID `bun:"id,pk"`
	Name      string        `bun:"name"`
	Prefix    string        `bun:"prefix"`
	Hash      string        `bun:"hash"`
	CreatedAt int64         `bun:"created_at"`
	UsedOn    int64         `bun:"used_on"`
}

func (r apiKeyRow) toAPIKey() core.APIKey {
	return core.APIKey{
		ID: r.ID, Name: r.Name, Prefix: r.Prefix, Hash: r.Hash, CreatedAt: moment(r.CreatedAt), UsedOn: moment(r.UsedOn),
	}
}

type apiKeys struct{ tenant }

func (k apiKeys) List(ctx context.Context) (out []core.APIKey, err error) {
	err = k.look(ctx, "list API keys", func(ctx context.Context, db bun.IDB) error {
		rows, err := list[apiKeyRow](ctx, db, k.tenant)
		for _, row := range rows {
			out = append(out, row.toAPIKey())
		}
		return err
	})
	return out, err
}

func (k apiKeys) Create(ctx context.Context, key core.APIKey) error {
	return k.change(ctx, "create API key", func(ctx context.Context, tx bun.Tx) error {
		return insert(ctx, tx, apiKeyRow{
			UserID: k.id, ID: key.ID, Name: key.Name, Prefix: key.Prefix, Hash: key.Hash,
			CreatedAt: micros(key.CreatedAt), UsedOn: micros(key.UsedOn),
		})
	})
}

func (k apiKeys) Use(ctx context.Context, hash string, day time.Time) (core.APIKey, error) {
	var row apiKeyRow
	err := k.look(ctx, "API key", func(ctx context.Context, db bun.IDB) (err error) {
		row, err = find[apiKeyRow](ctx, db, k.tenant, "hash = ?", hash)
		return err
	})
	if err != nil || row.UsedOn >= micros(day) {
		return row.toAPIKey(), err
	}
	// Once a day. Of those that note the same day at the same time each is right.
	row.UsedOn = micros(day)
	err = k.change(ctx, "use API key", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewUpdate().Model((*apiKeyRow)(nil)).Set("used_on = ?", row.UsedOn).
			Where("user_id = ?", k.id).Where("id = ?", row.ID).Exec(ctx))
	})
	return row.toAPIKey(), err
}

func (k apiKeys) Delete(ctx context.Context, id core.APIKeyID) error {
	return k.change(ctx, "delete API key", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewDelete().Model((*apiKeyRow)(nil)).
			Where("user_id = ?", k.id).Where("id = ?", id).Exec(ctx))
	})
}

// sessionRow is a row of sessions.
type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:se"`

	UserID    core.TenantID  `bun:"user_id,pk"`
	ID        core.SessionID `bun:"id,pk"`
	Browser   bool           `bun:"browser"`
	Device    string         `bun:"device"`
	Rotation  int            `bun:"rotation"`
	CreatedAt int64          `bun:"created_at"`
	RotatedAt int64          `bun:"rotated_at"`
	SeenAt    int64          `bun:"seen_at"`
	ExpiresAt int64          `bun:"expires_at"`
}

func (r sessionRow) toSession() core.Session {
	return core.Session{
		ID: r.ID, Browser: r.Browser, Device: r.Device, Rotation: r.Rotation, CreatedAt: moment(r.CreatedAt),
		RotatedAt: moment(r.RotatedAt), SeenAt: moment(r.SeenAt), ExpiresAt: moment(r.ExpiresAt),
	}
}

type sessions struct{ tenant }

func (s sessions) List(ctx context.Context, now time.Time) (out []core.Session, err error) {
	err = s.look(ctx, "list sessions", func(ctx context.Context, db bun.IDB) error {
		var rows []sessionRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", s.id).Where("expires_at > ?", micros(now)).
			OrderExpr("seen_at DESC, id DESC").Scan(ctx)
		for _, row := range rows {
			out = append(out, row.toSession())
		}
		return err
	})
	return out, err
}

func (s sessions) Begin(ctx context.Context, session core.Session) error {
	return s.change(ctx, "begin session", func(ctx context.Context, tx bun.Tx) error {
		err := insert(ctx, tx, sessionRow{
			UserID: s.id, ID: session.ID, Browser: session.Browser, Device: session.Device, Rotation: session.Rotation,
			CreatedAt: micros(session.CreatedAt), RotatedAt: micros(session.RotatedAt),
			SeenAt: micros(session.SeenAt), ExpiresAt: micros(session.ExpiresAt),
		})
		if err != nil {
			return err
		}
		var kept []core.SessionID
		err = tx.NewSelect().Model((*sessionRow)(nil)).Column("id").Where("user_id = ?", s.id).
			Where("expires_at > ?", micros(session.CreatedAt)).Where("id <> ?", session.ID).
			OrderExpr("seen_at DESC, id DESC").Limit(core.MaxSessions-1).Scan(ctx, &kept)
		if err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*sessionRow)(nil)).Where("user_id = ?", s.id).
			Where("id NOT IN (?)", bun.List(append(kept, session.ID))).Exec(ctx)
		return err
	})
}

func (s sessions) See(ctx context.Context, id core.SessionID, now time.Time) (core.Session, error) {
	var row sessionRow
	err := s.look(ctx, "session", func(ctx context.Context, db bun.IDB) (err error) {
		row, err = find[sessionRow](ctx, db, s.tenant, "id = ? AND expires_at > ?", id, micros(now))
		return err
	})
	if err != nil || now.Sub(moment(row.SeenAt)) < core.SeenEvery {
		return row.toSession(), err
	}
	row.SeenAt = micros(now)
	err = s.change(ctx, "see session", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewUpdate().Model((*sessionRow)(nil)).Set("seen_at = ?", row.SeenAt).
			Where("user_id = ?", s.id).Where("id = ?", id).Exec(ctx))
	})
	return row.toSession(), err
}

func (s sessions) Rotate(ctx context.Context, id core.SessionID, rotation int, now, until time.Time) (out core.Session, err error) {
	stolen := false
	err = s.change(ctx, "rotate session", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[sessionRow](ctx, tx, s.tenant, "id = ? AND expires_at > ?", id, micros(now))
		if err != nil {
			return err
		}
		stolen = rotation != row.Rotation && (rotation != row.Rotation-1 || now.Sub(moment(row.RotatedAt)) > core.RotationGrace)
		switch {
		case stolen:
			return s.end(ctx, tx, id)
		case rotation == row.Rotation:
			row.Rotation++
			row.RotatedAt, row.SeenAt, row.ExpiresAt = micros(now), micros(now), micros(until)
			out = row.toSession()
			return replace(ctx, tx, row)
		}
		out = row.toSession()
		return nil
	})
	if err != nil {
		return core.Session{}, err
	}
	if stolen {
		return core.Session{}, conflict()
	}
	return out, nil
}

func (s sessions) End(ctx context.Context, id core.SessionID) error {
	return s.change(ctx, "end session", func(ctx context.Context, tx bun.Tx) error { return s.end(ctx, tx, id) })
}

func (s sessions) end(ctx context.Context, tx bun.Tx, id core.SessionID) error {
	return touched(tx.NewDelete().Model((*sessionRow)(nil)).Where("user_id = ?", s.id).Where("id = ?", id).Exec(ctx))
}

func (s sessions) EndOthers(ctx context.Context, keep core.SessionID) error {
	return s.change(ctx, "end other sessions", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("user_id = ?", s.id).Where("id <> ?", keep).Exec(ctx)
		return err
	})
}
