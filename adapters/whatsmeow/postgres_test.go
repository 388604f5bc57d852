package whatsmeow_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// TestPostgres leads a session through a database whose sessions have a schema of their own.
func TestPostgres(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pg, err := services.StartPostgres(ctx, services.PostgresOptions{Fast: true})
	if errors.Is(err, services.ErrMissing) {
		t.Skip("skipped: there is no PostgreSQL here")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop() })
	address, err := url.Parse(pg.URL("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("search_path", "whatsapp_sessions")
	address.RawQuery = query.Encode()
	db, err := sql.Open("pgx", address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := newScene(t, func(o *whatsmeow.Options) {
		o.DB, o.Dialect, o.Schema = db, whatsmeow.Postgres, "whatsapp_sessions"
	})
	var starts sync.WaitGroup
	for range 4 {
		g := s.newGateway()
		starts.Go(func() {
			if err := g.Migrate(ctx); err != nil {
				t.Errorf("migrating at once: %v", err)
			}
		})
	}
	starts.Wait()
	s.db = db
	h, phone := s.link(session, number)
	group := s.group(phone)
	s.post(group, "oferta")
	await(h, saying("oferta"))
	s.must(h.send(group.JID(), "3EB0AAAA", "repasse"))
	if n := len(s.world.PostedVia(session)); n != 1 {
		t.Errorf("%d posts", n)
	}
	s.wantRows("whatsapp_sessions.whatsmeow_device", 1)
	s.must(s.gateway.Delete(s.ctx, h.session))
	s.wantRows("whatsapp_sessions.whatsmeow_device", 0)
}
