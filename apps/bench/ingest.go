package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"

	"github.com/gin-gonic/gin"
)

// ingest compares the webhook handler with the least that stores a webhook durably.
func ingest(profile string) func(context.Context, *bench) ([]line, error) {
	return func(ctx context.Context, b *bench) (lines []line, err error) {
		s, err := b.openStage(ctx, profile, 100, 1)
		if err != nil {
			return nil, err
		}
		defer func() { err = firstOf(err, s.close()) }()
		db, err := b.bareTable(ctx, profile)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		ours, theirs := httptest.NewServer(s.handler), httptest.NewServer(bare(db))
		defer ours.Close()
		defer theirs.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
		defer client.CloseIdleConnections()
		written := 0
		load := func(base string) side {
			return func(_ context.Context, n int) (func() error, error) {
				from := written
				written += n
				return nil, inParallel(n, func(i int) error {
					r, err := webhook(base, s.tenants[i%len(s.tenants)], from+i)
					if err != nil {
						return err
					}
					return post(client, r)
				})
			}
		}
		rate, err := rates(ctx, b.count(3000), load(ours.URL), load(theirs.URL))
		if err != nil {
			return nil, err
		}
		return []line{compared("webhooks stored / bare gin + INSERT, "+profile, "≥ 0.80", rate[0], rate[1])}, nil
	}
}

// bare is a handler that stores each body as one row and does nothing else.
func bare(db *sql.DB) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/hooks/:provider/:token", func(c *gin.Context) {
		body, err := io.ReadAll(c.Request.Body)
		if err == nil {
			_, err = db.ExecContext(c.Request.Context(), "INSERT INTO bare (id, token, body) VALUES ($1, $2, $3)", newID(), c.Param("token"), string(body))
		}
		if err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.JSON(http.StatusOK, map[string]string{"status": "ok"})
	})
	return router
}

// bareTable is a table in a database of its own, as durable as the product's.
func (b *bench) bareTable(ctx context.Context, profile string) (db *sql.DB, err error) {
	if profile == distributed {
		name, err := b.servers.database(ctx)
		if err != nil {
			return nil, err
		}
		if db, err = sql.Open("pgx", b.servers.postgres.URL("postgres", name)); err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
	} else {
		settings := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}}
		if db, err = sql.Open("sqlite", "file:"+filepath.Join(b.dir, "bare.db")+"?"+settings.Encode()); err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1)
	}
	_, err = db.ExecContext(ctx, "CREATE TABLE bare (id text PRIMARY KEY, token text NOT NULL, body text NOT NULL)")
	return db, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
