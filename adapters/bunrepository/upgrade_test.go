package bunrepository

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun/migrate"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Ids of the old rows.
const (
	oldTenant   = "01900000-0000-7000-8000-000000000001"
	oldInstance = "01900000-0000-7000-8000-000000000002"
	oldSource   = "01900000-0000-7000-8000-000000000003"
	oldInbox    = "01900000-0000-7000-8000-000000000004"
	oldOffer    = "01900000-0000-7000-8000-000000000005"
	oldSent     = "01900000-0000-7000-8000-000000000006"
	oldUnsure   = "01900000-0000-7000-8000-000000000007"
)

// oldRows are what the first version of the program left: an offer that was edited after
// one delivery was sent and while the other was on its way.
var oldRows = []string{
	`INSERT INTO users VALUES ('` + oldTenant + `', 'a@example.com', 'Ana', 'phc', 1, 1, '{"time_zone":"Europe/Lisbon",
		"window_start":60,"window_end":120,"min_gap":20000000000,"max_gap":45000000000,"group_gap":90000000000,
		"per_minute":2,"per_hour":30,"per_day":100,"warm_up":false,"repost_window":3600000000000,"max_age":7200000000000,
		"blocked_stores":["shopee"],"foreign_links":"hold","unproven":"at_least_once"}', 1)`,
	`INSERT INTO whatsapp_instances VALUES ('` + oldTenant + `', '` + oldInstance + `', 'evolution', 'autopromo_x', '',
		NULL, NULL, 'hash', NULL, 'connected', '', '', 0, '', 1, 1, 1, 1, 1, 1)`,
	`INSERT INTO lanes VALUES ('` + oldTenant + `', '` + oldInstance + `', 0, 0, NULL, '', 0, 0)`,
	`INSERT INTO group_sources VALUES ('` + oldTenant + `', '` + oldSource + `', '` + oldInstance + `', '1@g.us', 'Achados', '', 7, 1, 0, 0, 1)`,
	`INSERT INTO inbox VALUES ('` + oldTenant + `', '` + oldInbox + `', '` + oldInstance + `', '1@g.us', '2@lid', 'M1', 'texto', NULL,
		1, 1, 'done', '', 1, 0, 1, 1, 1)`,
	`INSERT INTO offers VALUES ('` + oldTenant + `', '` + oldOffer + `', '` + oldInbox + `', '` + oldInstance + `', '1@g.us', '2@lid', 'M1',
		'Achados', 'texto', 'texto final', '[]', 'amazon:2', 'amazon', 129990, '["DEZ"]', NULL, '', '', 1, 1, 1)`,
	oldDelivery(oldSent, "sent", "d1"), oldDelivery(oldUnsure, "ambiguous", "d2"),
}

func oldDelivery(id, state, destination string) string {
	return `INSERT INTO deliveries VALUES ('` + oldTenant + `', '` + id + `', '` + oldOffer + `', '` + oldInstance + `', '` + destination + `',
		'3@g.us', 'texto antes da edição', 'amazon:1', 'fingerprint', 0, '` + state + `', '', '', 1, 0, 'C', '', 0, 1, 1, 1, 1, 1, 0)`
}

// openOld opens a database that the first migration made, with rows in it.
func openOld(t *testing.T) *Repository {
	t.Helper()
	r := openUnmigrated(t, filepath.Join(t.TempDir(), "test.db"))
	all, err := r.migrationSet()
	if err != nil {
		t.Fatal(err)
	}
	one := migrate.NewMigrations()
	one.Add(all.Sorted()[0])
	m := migrate.NewMigrator(file(r).write, one)
	if err := m.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range oldRows {
		if _, err := file(r).write.Exec(row); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestOldRowsReadSensibly(t *testing.T) {
	ctx := t.Context()
	r := openOld(t)
	if err := r.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	own := r.Tenant(oldTenant)
	account, err := own.Account().Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got, defaults := account.Settings, core.DefaultSettings()
	if got.TextWindow != defaults.TextWindow || got.PartialLinks != core.HoldPartial || !got.CleanRepeats || got.SubIDs {
		t.Errorf("new settings: %+v", got)
	}
	if got.TimeZone != "Europe/Lisbon" || got.RepostWindow != time.Hour || got.Pacing.WarmUp || got.Unproven != core.AtLeastOnce ||
		!slices.Equal(got.BlockedStores, []string{"shopee"}) {
		t.Errorf("old settings: %+v", got)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	source, err := own.Sources().Active(ctx, "1@g.us")
	if err != nil || source.Label != "Achados" || source.Words.Require != nil || source.Words.Block != nil {
		t.Errorf("source %+v, %v", source, err)
	}
	offer, err := own.Offers().Get(ctx, oldOffer)
	if err != nil || offer.Price.Cents != 129990 || !slices.Equal(offer.Coupons, []string{"DEZ"}) || offer.ListPrice.Known() || offer.SoldOut {
		t.Errorf("offer %+v, %v", offer, err)
	}
	near, err := own.Offers().Near(ctx, "", time.Time{}, 10)
	if err != nil || len(near) > 0 {
		t.Errorf("near %v, %v", near, err)
	}
	if sent, err := own.Deliveries().Get(ctx, oldSent); err != nil || sent.Text != "texto antes da edição" {
		t.Errorf("sent delivery %+v, %v", sent, err)
	}
	again, err := own.Deliveries().Settle(ctx, repository.Settle{
		ID: oldUnsure, From: core.DeliveryAmbiguous, Attempt: 1, To: core.DeliveryPending, Now: time.Now(),
	})
	if err != nil || again.Text != "texto final" {
		t.Errorf("delivery that is sent again: %+v, %v", again, err)
	}
}

func TestRollbackKeepsOldRows(t *testing.T) {
	ctx := t.Context()
	r := openOld(t)
	before := schema(t, r)
	if err := r.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	wantPending(t, r, second, third, fourth, fifth, sixth)
	words := func(all []string) []string { return strings.Fields(strings.Join(all, ";")) }
	if after := schema(t, r); !slices.Equal(words(after), words(before)) {
		t.Errorf("schema after the rollback:\n%v\nbefore:\n%v", after, before)
	}
	for table, want := range map[string]int{"users": 1, "group_sources": 1, "offers": 1, "deliveries": 2} {
		if got, err := file(r).read.NewSelect().Table(table).Count(ctx); err != nil || got != int64(want) {
			t.Errorf("%d rows of %s (%v), want %d", got, table, err, want)
		}
	}
	if err := r.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Tenant(oldTenant).Offers().Get(ctx, oldOffer); err != nil {
		t.Error(err)
	}
}
