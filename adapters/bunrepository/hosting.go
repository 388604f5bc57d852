package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// callRow is a row of session_calls.
type callRow struct {
	bun.BaseModel `bun:"table:session_calls,alias:c"`

	UserID     core.TenantID `bun:"user_id,pk"`
	Op         string        `bun:"op,pk"`
	Session    string        `bun:"session"`
	Argument   string        `bun:"argument"`
	AskedAt    int64         `bun:"asked_at"`
	AnsweredAt int64         `bun:"answered_at"` // 0 while it waits
	Answer     string        `bun:"answer"`
	Fault      string        `bun:"fault"`
}

func (t tenant) fromCall(c repository.Call) callRow {
	return callRow{
		UserID: t.id, Op: c.Op, Session: c.Session, Argument: c.Argument,
		AskedAt: micros(c.AskedAt), AnsweredAt: micros(c.AnsweredAt), Answer: c.Answer, Fault: c.Fault,
	}
}

func (r callRow) toCall() repository.Call {
	return repository.Call{
		Op: r.Op, Session: r.Session, Argument: r.Argument,
		AskedAt: moment(r.AskedAt), AnsweredAt: moment(r.AnsweredAt), Answer: r.Answer, Fault: r.Fault,
	}
}

// serves says whether a stored call is good for one that asks the same now.
func (r callRow) serves(c repository.Call, waiting, fresh int64) bool {
	same := r.Session == c.Session && r.Argument == c.Argument
	if r.AnsweredAt == 0 {
		return same && r.AskedAt >= waiting
	}
	return same && r.Fault == "" && r.AnsweredAt >= fresh
}

type hosting struct{ tenant }

func (h hosting) Take(ctx context.Context, holder string, now, until time.Time) (host core.Host, err error) {
	err = h.change(ctx, "take session", func(ctx context.Context, tx bun.Tx) error {
		var lane laneRow
		err := tx.NewUpdate().Model(&lane).Set("host = ?", holder).Set("host_until = ?", micros(until)).Set("host_fence = host_fence + 1").
			Where("user_id = ?", h.id).Where("host_until <= ?", micros(now)).Returning("*").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			if _, err := find[laneRow](ctx, tx, h.tenant, "TRUE"); err != nil {
				return err
			}
			return conflict()
		}
		host = core.Host{Tenant: h.id, Instance: lane.InstanceID, Holder: holder, Fence: lane.HostFence}
		return err
	})
	if err != nil {
		return core.Host{}, err
	}
	return host, nil
}

func (h hosting) Keep(ctx context.Context, host core.Host, until time.Time) error {
	return h.change(ctx, "keep session", func(ctx context.Context, tx bun.Tx) error {
		return h.hold(ctx, tx, tx.NewUpdate().Model((*laneRow)(nil)).Set("host_until = ?", micros(until)).
			Where("user_id = ?", h.id).Where("host_fence = ?", host.Fence).Where("host = ?", host.Holder))
	})
}

func (h hosting) Leave(ctx context.Context, host core.Host, next time.Time) error {
	return h.change(ctx, "leave session", func(ctx context.Context, tx bun.Tx) error {
		err := h.hold(ctx, tx, tx.NewUpdate().Model((*laneRow)(nil)).Set("host = ''").Set("host_until = ?", micros(next)).
			Where("user_id = ?", h.id).Where("host_fence = ?", host.Fence))
		if core.CodeOf(err) == core.CodeConflict {
			err = nil
		}
		return err
	})
}

// hold changes the lane of a host that is still the one.
func (h hosting) hold(ctx context.Context, tx bun.Tx, change *bun.UpdateQuery) error {
	err := touched(change.Exec(ctx))
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := find[laneRow](ctx, tx, h.tenant, "TRUE"); err != nil {
			return err
		}
		return conflict()
	}
	return err
}

func (h hosting) Ask(ctx context.Context, c repository.Call, waiting, fresh time.Time) (out repository.Call, err error) {
	c.AnsweredAt, c.Answer, c.Fault = time.Time{}, "", ""
	err = h.change(ctx, "ask", func(ctx context.Context, tx bun.Tx) error {
		if err := alone(ctx, tx, "call of "+string(h.id)); err != nil {
			return err
		}
		row := h.fromCall(c)
		out = row.toCall()
		stored, err := locked[callRow](ctx, tx, h.tenant, "op = ?", c.Op)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return insert(ctx, tx, row)
		case err != nil:
			return err
		case stored.serves(c, micros(waiting), micros(fresh)):
			out = stored.toCall()
			return nil
		}
		return replace(ctx, tx, row)
	})
	if err != nil {
		return repository.Call{}, err
	}
	return out, nil
}

func (h hosting) Answer(ctx context.Context, c repository.Call) error {
	return h.change(ctx, "answer", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[callRow](ctx, tx, h.tenant, "op = ?", c.Op)
		if err != nil {
			return err
		}
		if row.AskedAt != micros(c.AskedAt) || row.Session != c.Session || row.Argument != c.Argument || row.AnsweredAt != 0 {
			return conflict()
		}
		return replace(ctx, tx, h.fromCall(c))
	})
}

func (h hosting) Calls(ctx context.Context) (calls []repository.Call, err error) {
	err = h.look(ctx, "calls", func(ctx context.Context, db bun.IDB) error {
		var rows []callRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", h.id).OrderExpr("op").Scan(ctx)
		for _, row := range rows {
			calls = append(calls, row.toCall())
		}
		return err
	})
	return calls, err
}

func (q queue) Unhosted(ctx context.Context, now time.Time, providers []core.Provider, limit int) (ids []core.TenantID, err error) {
	if limit <= 0 || len(providers) == 0 {
		return nil, nil
	}
	err = q.look(ctx, "unhosted sessions", func(ctx context.Context, db bun.IDB) error {
		return db.NewSelect().Model((*instanceRow)(nil)).Column("w.user_id").
			Join("JOIN lanes AS l ON l.user_id = w.user_id").
			Where("w.provider IN (?)", bun.List(providers)).Where("w.provisioned").Where("w.checked_at <= ?", micros(now)).
			Where("(w.status <> 'disconnected' OR w.webhook_hash IS NULL)").Where("l.host_until <= ?", micros(now)).
			OrderExpr("l.host_until, w.user_id").Limit(int64(limit)).Scan(ctx, &ids)
	})
	return ids, err
}

func (q queue) Called(ctx context.Context, holder string, limit int) (ids []core.TenantID, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = q.look(ctx, "called sessions", func(ctx context.Context, db bun.IDB) error {
		return db.NewSelect().Model((*callRow)(nil)).Column("c.user_id").
			Join("JOIN lanes AS l ON l.user_id = c.user_id").
			Where("c.answered_at = 0").Where("l.host = ?", holder).
			GroupExpr("c.user_id").OrderExpr("min(c.asked_at)").Limit(int64(limit)).Scan(ctx, &ids)
	})
	return ids, err
}
