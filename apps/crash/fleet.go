package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// The profiles.
const (
	embedded    = "embedded"
	distributed = "distributed"
)

// The roles of the database, as an operator makes them.
const (
	ownerRole = "autopromo_owner"
	appRole   = "autopromo_app"
)

// fleet is the product's processes, and the servers they need.
type fleet struct {
	binary   string
	dir      string
	logs     string
	address  string // of the API, the same after each restart
	env      []string
	roles    []string // by process
	running  []*process
	postgres *services.Postgres
	redis    *services.Redis
	kills    int
}

// process is one of the program's.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

// openFleet starts the servers and all processes.
func openFleet(ctx context.Context, binary, profile, logs string, env []string) (*fleet, error) {
	dir, err := os.MkdirTemp("", "autopromo-fleet-")
	if err != nil {
		return nil, err
	}
	f := &fleet{binary: binary, dir: dir, logs: logs, env: env, roles: []string{"all"}}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	f.env = append(f.env, "AUTOPROMO_HTTP_ADDR="+f.address, "AUTOPROMO_DATA_DIR="+filepath.Join(dir, "data"))
	if profile == distributed {
		f.roles = []string{"api", "worker", "worker", "dispatcher", "dispatcher"}
		if err := f.serve(ctx); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	f.running = make([]*process, len(f.roles))
	for i := range f.roles {
		if err := f.start(ctx, i); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// serve starts PostgreSQL and Redis and does what an operator does before the first start.
func (f *fleet) serve(ctx context.Context) (err error) {
	if f.postgres, err = services.StartPostgres(ctx, services.PostgresOptions{}); err != nil {
		return err
	}
	if f.redis, err = services.StartRedis(ctx, services.RedisOptions{AppendOnly: true}); err != nil {
		return err
	}
	if !f.postgres.Throwaway() || !f.redis.Throwaway() {
		return fmt.Errorf("%w: they run elsewhere and cannot be killed", services.ErrMissing)
	}
	if err := prepare(ctx, f.postgres); err != nil {
		return err
	}
	keys, err := exec.CommandContext(ctx, f.binary, "keys", "new").Output()
	if err != nil {
		return fmt.Errorf("keys new: %w", err)
	}
	keysFile := filepath.Join(f.dir, "keys.json")
	if err := os.WriteFile(keysFile, keys, 0o600); err != nil {
		return err
	}
	f.env = append(f.env, "AUTOPROMO_KEYS_FILE="+keysFile)
	migrate := exec.CommandContext(ctx, f.binary, "migrate", "up", "--app-role", appRole)
	migrate.Env = append(os.Environ(), append(f.env, "AUTOPROMO_DATABASE_URL="+f.postgres.URL(ownerRole, "promo"))...)
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate up: %w: %s", err, said)
	}
	f.env = append(f.env, "AUTOPROMO_DATABASE_URL="+f.postgres.URL(appRole, "promo"), "AUTOPROMO_REDIS_URL="+f.redis.URL())
	return nil
}

// start starts process i, with more environment, and waits until it says that it is ready.
// One that its kill point ends before that counts as started.
func (f *fleet) start(ctx context.Context, i int, more ...string) error {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), f.binary, "serve", "--roles", f.roles[i])
	cmd.Env = append(append(os.Environ(), f.env...), more...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	log, err := f.log(i)
	if err != nil {
		return err
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &process{cmd: cmd, gone: make(chan struct{})}
	f.running[i] = p
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		ready <- lines.Scan() && strings.HasPrefix(lines.Text(), "AutoPromo pronto")
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // how it ended is known by who ended it
		close(p.gone)
		log.Close()
	}()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	select {
	case ok := <-ready:
		if !ok && len(more) == 0 {
			return fmt.Errorf("process %d (%s) did not start, see its log in %s", i, f.roles[i], log.Name())
		}
		return nil
	case <-late.C:
		return fmt.Errorf("process %d (%s) is not ready after a minute", i, f.roles[i])
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fleet) log(i int) (*os.File, error) {
	dir := f.logs
	if dir == "" {
		dir = f.dir
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, fmt.Sprintf("%d-%s.log", i, f.roles[i])), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// dead says whether process i has ended.
func (f *fleet) dead(i int) bool {
	select {
	case <-f.running[i].gone:
		return true
	default:
		return false
	}
}

// kill ends process i with SIGKILL, if it has not ended by itself.
func (f *fleet) kill(i int) {
	f.end(i, syscall.SIGKILL)
	f.kills++
}

// end sends a signal and waits for the end.
func (f *fleet) end(i int, signal syscall.Signal) {
	if f.running[i] == nil {
		return
	}
	_ = f.running[i].cmd.Process.Signal(signal) // it may be gone
	<-f.running[i].gone
}

// with lists the processes that have a role.
func (f *fleet) with(role string) (all []int) {
	for i, r := range f.roles {
		if r == role || r == "all" {
			all = append(all, i)
		}
	}
	return all
}

func (f *fleet) close() error {
	for i := range f.running {
		f.end(i, syscall.SIGKILL)
	}
	var errs []error
	if f.postgres != nil {
		errs = append(errs, f.postgres.Stop())
	}
	if f.redis != nil {
		errs = append(errs, f.redis.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(f.dir))...)
}
