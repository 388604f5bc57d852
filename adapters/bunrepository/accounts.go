package bunrepository

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// userRow is a row of users, whose id is the user_id of every other table.
type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID              core.TenantID `bun:"id,pk"`
	Email           string        `bun:"email"`
	FullName        string        `bun:"full_name"`
	PasswordHash    string        `bun:"password_hash"`
	Active          bool          `bun:"is_active"`
	Operator        bool          `bun:"is_operator"`
	MaxDestinations int           `bun:"max_destinations"`
	MaxPerDay       int           `bun:"max_per_day"`
	Session         int           `bun:"session"`
	Settings        string        `bun:"settings"`
	CreatedAt       int64         `bun:"created_at"`
}

func fromTenant(t core.Tenant) (userRow, error) {
	settings, err := fromSettings(t.Settings)
	return userRow{
		ID: t.ID, Email: t.Email, FullName: t.FullName, PasswordHash: t.PasswordHash.Reveal(),
		Active: t.Active, Operator: t.Operator, MaxDestinations: t.Limits.Destinations, MaxPerDay: t.Limits.PerDay,
		Session: t.Session, Settings: settings, CreatedAt: micros(t.CreatedAt),
	}, err
}

func (r userRow) toTenant() (core.Tenant, error) {
	settings, err := toSettings(r.Settings)
	return core.Tenant{
		ID: r.ID, Email: r.Email, FullName: r.FullName, PasswordHash: core.NewSecret(r.PasswordHash),
		Active: r.Active, Operator: r.Operator, Limits: core.Limits{Destinations: r.MaxDestinations, PerDay: r.MaxPerDay},
		Session: r.Session, Settings: settings, CreatedAt: moment(r.CreatedAt),
	}, err
}

type account struct{ tenant }

func (a account) Get(ctx context.Context) (t core.Tenant, err error) {
	err = a.look(ctx, "account", func(ctx context.Context, db bun.IDB) error {
		var row userRow
		if err := db.NewSelect().Model(&row).Where("id = ?", a.id).Scan(ctx); err != nil {
			return err
		}
		t, err = row.toTenant()
		return err
	})
	return t, err
}

func (a account) SaveSettings(ctx context.Context, s core.Settings) error {
	settings, err := fromSettings(s)
	if err != nil {
		return a.translate("save settings", err)
	}
	return a.change(ctx, "save settings", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewUpdate().Model((*userRow)(nil)).
			Set("settings = ?", settings).Where("id = ?", a.id).Exec(ctx))
	})
}

func (a account) Stats(ctx context.Context, dayStart time.Time) (core.Stats, error) {
	s := core.Stats{
		Deliveries:        map[core.DeliveryState]int{},
		HeldByReason:      map[core.Reason]int{},
		CancelledByReason: map[core.Reason]int{},
		SkippedByReason:   map[core.Reason]int{},
		Inbox:             map[core.InboxState]int{},
	}
	var byState, held, cancelled, byInbox, skipped []tally
	err := a.snapshot(ctx, "stats", func(ctx context.Context, db bun.IDB) error {
		count := func(model any, where string, args ...any) *bun.SelectQuery {
			return db.NewSelect().Model(model).ColumnExpr("count(*)").Where("user_id = ?", a.id).Where(where, args...)
		}
		group := func(model any, column, where string) *bun.SelectQuery {
			return db.NewSelect().Model(model).ColumnExpr("? AS name", bun.Ident(column)).ColumnExpr("count(*) AS n").
				Where("user_id = ?", a.id).Where(where).GroupExpr("?", bun.Ident(column))
		}
		var next []int64
		for _, q := range []struct {
			query *bun.SelectQuery
			dest  any
		}{
			{group((*deliveryRow)(nil), "state", "TRUE"), &byState},
			{group((*deliveryRow)(nil), "reason", "state = 'cancelled'"), &cancelled},
			{group((*offerRow)(nil), "hold_reason", "TRUE"), &held},
			{group((*inboxRow)(nil), "state", "TRUE"), &byInbox},
			{group((*inboxRow)(nil), "reason", "state = 'skipped'"), &skipped},
			{count((*deliveryRow)(nil), "state = 'sent' AND sent_at >= ?", micros(dayStart)), &s.SentToday},
			{count((*sourceRow)(nil), "is_active"), &s.ActiveSources},
			{count((*destinationRow)(nil), "is_active"), &s.ActiveDestinations},
			{count((*tagRow)(nil), "TRUE"), &s.Tags},
			{db.NewSelect().Model((*laneRow)(nil)).Column("paced_until").Where("user_id = ?", a.id).Limit(1), &next},
		} {
			if err := q.query.Scan(ctx, q.dest); err != nil {
				return err
			}
		}
		for _, us := range next {
			s.NextSendAt = moment(us)
		}
		return nil
	})
	for _, t := range byState {
		s.Deliveries[core.DeliveryState(t.Name)] = t.N
	}
	for _, t := range byInbox {
		s.Inbox[core.InboxState(t.Name)] = t.N
	}
	for _, t := range cancelled {
		s.CancelledByReason[core.Reason(t.Name)] = t.N
	}
	for _, t := range skipped {
		s.SkippedByReason[core.Reason(t.Name)] = t.N
	}
	for _, t := range held {
		s.Offers += t.N
		if t.Name != "" {
			s.Held += t.N
			s.HeldByReason[core.Reason(t.Name)] = t.N
		}
	}
	return s, err
}

// tally is one line of a count by name.
type tally struct {
	Name string
	N    int
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(b), nil
}

func fromJSON(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}
