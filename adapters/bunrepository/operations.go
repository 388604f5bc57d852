package bunrepository

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// auditRow is a row of audit_log.
type auditRow struct {
	bun.BaseModel `bun:"table:audit_log,alias:a"`

	UserID    core.TenantID    `bun:"user_id,pk"`
	ID        core.AuditID     `bun:"id,pk"`
	Actor     string           `bun:"actor"`
	Action    core.AuditAction `bun:"action"`
	Detail    string           `bun:"detail"`
	CreatedAt int64            `bun:"created_at"`
}

func toAudit(rows []auditRow) (out []core.AuditEntry) {
	for _, r := range rows {
		out = append(out, core.AuditEntry{
			ID: r.ID, Tenant: r.UserID, Actor: r.Actor, Action: r.Action, Detail: r.Detail, At: moment(r.CreatedAt),
		})
	}
	return out
}

// Govern implements [repository.Account].
func (a account) Govern(ctx context.Context, e core.AuditEntry, change func(*core.Tenant) error) (out core.Tenant, err error) {
	err = a.change(ctx, "govern tenant", func(ctx context.Context, tx bun.Tx) error {
		var row userRow
		q := tx.NewSelect().Model(&row).Where("id = ?", a.id)
		if tx.Dialect().Name() != dialect.SQLite {
			q = q.For("UPDATE")
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		wanted, err := row.toTenant()
		if err != nil {
			return err
		}
		if err := change(&wanted); err != nil {
			return refusal{err}
		}
		row.Active, row.Operator = wanted.Active, wanted.Operator
		row.MaxDestinations, row.MaxPerDay = wanted.Limits.Destinations, wanted.Limits.PerDay
		if out, err = row.toTenant(); err != nil {
			return err
		}
		err = touched(tx.NewUpdate().Model(&row).Column("is_active", "is_operator", "max_destinations", "max_per_day").
			Where("id = ?", a.id).Exec(ctx))
		if err != nil {
			return err
		}
		return insert(ctx, tx, auditRow{
			UserID: a.id, ID: e.ID, Actor: e.Actor, Action: e.Action, Detail: e.Detail, CreatedAt: micros(e.At),
		})
	})
	if err != nil {
		return core.Tenant{}, err
	}
	return out, nil
}

// Audit implements [repository.Account].
func (a account) Audit(ctx context.Context) (out []core.AuditEntry, err error) {
	err = a.look(ctx, "audit log", func(ctx context.Context, db bun.IDB) error {
		var rows []auditRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", a.id).OrderExpr("id DESC").Scan(ctx)
		out = toAudit(rows)
		return err
	})
	return out, err
}

// operations looks across tenants and answers with states, times and counts.
type operations struct{ across }

// tenantSummaryRow is one line of the list of tenants.
type tenantSummaryRow struct {
	ID              core.TenantID
	Email           string
	IsActive        bool
	IsOperator      bool
	MaxDestinations int
	MaxPerDay       int
	CreatedAt       int64
	Status          core.InstanceStatus
	Sources         int
	Destinations    int
	Waiting         int
	Pending         int
	Held            int
	Sent            int
}

func (o operations) Tenants(ctx context.Context, q repository.TenantQuery) (out []repository.TenantSummary, err error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	err = o.snapshot(ctx, "all tenants", func(ctx context.Context, db bun.IDB) error {
		var rows []tenantSummaryRow
		count := func(model any, where string, args ...any) *bun.SelectQuery {
			return db.NewSelect().Model(model).ColumnExpr("count(*)").Where("user_id = u.id").Where(where, args...)
		}
		query := db.NewSelect().Model((*userRow)(nil)).
			Column("id", "email", "is_active", "is_operator", "max_destinations", "max_per_day", "created_at").
			ColumnExpr("coalesce((?), '') AS status", db.NewSelect().Model((*instanceRow)(nil)).Column("status").Where("user_id = u.id")).
			ColumnExpr("(?) AS sources", count((*sourceRow)(nil), "is_active")).
			ColumnExpr("(?) AS destinations", count((*destinationRow)(nil), "is_active")).
			ColumnExpr("(?) AS waiting", count((*inboxRow)(nil), "state IN ('new', 'claimed')")).
			ColumnExpr("(?) AS pending", count((*deliveryRow)(nil), "state = 'pending'")).
			ColumnExpr("(?) AS held", count((*offerRow)(nil), "hold_reason <> ''")).
			ColumnExpr("(?) AS sent", count((*deliveryRow)(nil), "state = 'sent' AND sent_at >= ?", micros(q.Since)))
		switch {
		case core.IsUUID(q.Search):
			query = query.Where("id = ?", q.Search)
		case q.Search != "":
			query = query.Where(`email LIKE ? ESCAPE '!'`, "%"+likeEscaper.Replace(q.Search)+"%")
		}
		if q.Before != "" {
			query = query.Where("id < ?", q.Before)
		}
		if err := query.OrderExpr("id DESC").Limit(int64(q.Limit)).Scan(ctx, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, repository.TenantSummary{
				ID: r.ID, Email: r.Email, Active: r.IsActive, Operator: r.IsOperator, CreatedAt: moment(r.CreatedAt),
				Limits: core.Limits{Destinations: r.MaxDestinations, PerDay: r.MaxPerDay}, Status: r.Status,
				ActiveSources: r.Sources, ActiveDestinations: r.Destinations,
				Waiting: r.Waiting, Pending: r.Pending, Held: r.Held, Sent: r.Sent,
			})
		}
		return nil
	})
	return out, err
}

var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func (o operations) Instances(ctx context.Context, limit int) (out []repository.InstanceSummary, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = o.look(ctx, "all instances", func(ctx context.Context, db bun.IDB) error {
		var rows []struct {
			UserID               core.TenantID
			Email                string
			Provider             core.Provider
			InstanceName         string
			Status               core.InstanceStatus
			Reason               core.Reason
			CheckedAt, UpdatedAt int64
		}
		err := db.NewSelect().Model((*instanceRow)(nil)).
			Column("w.user_id", "w.provider", "w.instance_name", "w.status", "w.reason", "w.checked_at", "w.updated_at").
			ColumnExpr("u.email").Join("JOIN users AS u ON u.id = w.user_id").
			OrderExpr("CASE w.status WHEN 'connected' THEN 1 ELSE 0 END, w.checked_at, w.user_id").Limit(int64(limit)).Scan(ctx, &rows)
		for _, r := range rows {
			out = append(out, repository.InstanceSummary{
				Tenant: r.UserID, Email: r.Email, Provider: r.Provider, Name: r.InstanceName, Status: r.Status, Reason: r.Reason,
				CheckedAt: moment(r.CheckedAt), UpdatedAt: moment(r.UpdatedAt),
			})
		}
		return err
	})
	return out, err
}

func (o operations) Lanes(ctx context.Context, now time.Time, limit int) (out []repository.LaneSummary, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = o.look(ctx, "all lanes", func(ctx context.Context, db bun.IDB) error {
		var rows []struct {
			UserID                 core.TenantID
			Email                  string
			NextSendAt, PacedUntil int64
			LeaseHolder            string
			LeaseUntil             int64
			Pending                int
		}
		pending := db.NewSelect().Model((*deliveryRow)(nil)).ColumnExpr("count(*)").
			Where("user_id = l.user_id").Where("instance_id = l.instance_id").Where("state = 'pending'")
		all := db.NewSelect().Model((*laneRow)(nil)).
			Column("l.user_id", "l.next_send_at", "l.paced_until", "l.lease_holder", "l.lease_until").
			ColumnExpr("u.email").ColumnExpr("(?) AS pending", pending).Join("JOIN users AS u ON u.id = l.user_id")
		err := db.NewSelect().TableExpr("(?) AS l", all).Where("pending > 0 OR lease_until > ?", micros(now)).
			OrderExpr("next_send_at, user_id").Limit(int64(limit)).Scan(ctx, &rows)
		for _, r := range rows {
			if r.NextSendAt == idle {
				r.NextSendAt = 0
			}
			if r.LeaseUntil <= micros(now) {
				r.LeaseHolder = "" // it is nobody's any more
			}
			out = append(out, repository.LaneSummary{
				Tenant: r.UserID, Email: r.Email, NextSendAt: moment(r.NextSendAt), PacedUntil: moment(r.PacedUntil),
				Holder: r.LeaseHolder, LeaseUntil: moment(r.LeaseUntil), Pending: r.Pending,
			})
		}
		return err
	})
	return out, err
}

func (o operations) Audit(ctx context.Context, before core.AuditID, limit int) (out []core.AuditEntry, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = o.look(ctx, "all of the audit log", func(ctx context.Context, db bun.IDB) error {
		var rows []auditRow
		q := db.NewSelect().Model(&rows).OrderExpr("id DESC").Limit(int64(limit))
		if before != "" {
			q = q.Where("id < ?", before)
		}
		err := q.Scan(ctx)
		out = toAudit(rows)
		return err
	})
	return out, err
}
