package main

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// prepare makes the roles and the database.
func prepare(ctx context.Context, pg *services.Postgres) error {
	db, err := sql.Open("pgx", pg.URL("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE ROLE " + ownerRole + " LOGIN CREATEROLE",
		"CREATE ROLE " + appRole + " LOGIN",
		"CREATE DATABASE promo OWNER " + ownerRole,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
