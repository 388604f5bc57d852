package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// The roles of the database, as an operator makes them.
const (
	ownerRole = "autopromo_owner"
	appRole   = "autopromo_app"
)

// servers are PostgreSQL and Redis, started when the first measurement needs them.
type servers struct {
	postgres  *services.Postgres
	redis     *services.Redis
	databases int
}

func (s *servers) startRedis(ctx context.Context) (err error) {
	if s.redis == nil {
		s.redis, err = services.StartRedis(ctx, services.RedisOptions{AppendOnly: true})
	}
	return err
}

// startPostgres starts the server, with all its durability, and makes the roles.
func (s *servers) startPostgres(ctx context.Context) (err error) {
	if s.postgres != nil {
		return nil
	}
	if s.postgres, err = services.StartPostgres(ctx, services.PostgresOptions{}); err != nil {
		return err
	}
	return s.admin(ctx, "CREATE ROLE "+ownerRole+" LOGIN CREATEROLE", "CREATE ROLE "+appRole+" LOGIN")
}

func (s *servers) admin(ctx context.Context, statements ...string) error {
	db, err := sql.Open("pgx", s.postgres.URL("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// database makes a new one with the schema and returns its name.
func (s *servers) database(ctx context.Context) (name string, err error) {
	if err := s.startPostgres(ctx); err != nil {
		return "", err
	}
	s.databases++
	name = fmt.Sprintf("bench%d", s.databases)
	if err := s.admin(ctx, "CREATE DATABASE "+name+" OWNER "+ownerRole); err != nil {
		return "", err
	}
	owner, err := bunrepository.OpenPostgres(ctx, core.NewSecret(s.postgres.URL(ownerRole, name)),
		bunrepository.Options{Keys: sealing(), AppRole: appRole})
	if err != nil {
		return "", err
	}
	return name, errors.Join(owner.Migrate(ctx), owner.Close())
}

func (s *servers) stop() error {
	var errs []error
	if s.postgres != nil {
		errs = append(errs, s.postgres.Stop())
	}
	if s.redis != nil {
		errs = append(errs, s.redis.Stop())
	}
	return errors.Join(errs...)
}
