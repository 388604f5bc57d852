package services

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// superuser is the role that owns everything; it needs no password on loopback.
const superuser = "postgres"

// PostgresOptions tune [StartPostgres].
type PostgresOptions struct {
	// Fast gives durability up for speed, for tests in which nothing is killed.
	Fast bool
}

// Postgres is a running server.
type Postgres struct {
	addr    string
	given   *url.URL // of a server that runs elsewhere
	bin     string   // the folder of the programs
	dir     string
	options PostgresOptions
	process *process
}

// StartPostgres makes a new cluster and starts its server, or takes the server that
// AUTOPROMO_TEST_POSTGRES_URL names. The error is [ErrMissing] where there is neither.
// PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	if raw := os.Getenv("AUTOPROMO_TEST_POSTGRES_URL"); raw != "" {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, errors.New("services: AUTOPROMO_TEST_POSTGRES_URL is no URL")
		}
		return &Postgres{addr: u.Host, given: u}, nil
	}
	initdb, err := program("initdb", "/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	p := &Postgres{addr: net.JoinHostPort("127.0.0.1", port), bin: filepath.Dir(initdb), dir: dir, options: o}
	if err := p.create(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// data is the cluster's own folder: the one above stays readable, so that another user can
// reach it.
func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) create(ctx context.Context) error {
	if err := os.Chmod(p.dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(p.data(), 0o700); err != nil {
		return err
	}
	who, err := notRoot()
	if err != nil {
		return err
	}
	if who != nil {
		if err := os.Chown(p.data(), int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), "-D", p.data(), "-U", superuser,
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = &syscall.SysProcAttr{Credential: who}, p.data()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("services: initdb: %w: %s", err, out)
	}
	return nil
}

// notRoot is whom to run as instead of root; nil when this process is not root.
func notRoot() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
	}
	return nil, errors.New("services: PostgreSQL does not run as root, and there is no user postgres or nobody")
}

func (p *Postgres) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(p.addr)
	if err != nil {
		return err
	}
	who, err := notRoot()
	if err != nil {
		return err
	}
	args := []string{"-D", p.data(), "-p", port}
	for _, setting := range p.settings() {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...)
	cmd.SysProcAttr, cmd.Dir = &syscall.SysProcAttr{Credential: who, Setsid: true}, p.data()
	if p.process, err = launch(cmd); err != nil {
		return err
	}
	return p.process.answers(ctx, p.ask)
}

func (p *Postgres) settings() []string {
	all := []string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "shared_buffers=64MB"}
	if p.options.Fast {
		all = append(all, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	return all
}

// ask sends what a client sends first and wants the server's "R" (authentication) back; a
// server that is starting, or recovering from a crash, answers with an error instead.
func (p *Postgres) ask(ctx context.Context) error {
	conn, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	body := binary.BigEndian.AppendUint32(nil, 3<<16) // protocol 3.0
	body = append(body, "user\x00"+superuser+"\x00database\x00postgres\x00\x00"...)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 'R' {
		return errors.New("services: PostgreSQL is not ready")
	}
	return nil
}

// URL is the address of a database for a role. The superuser is "postgres", and so is the
// database that is there from the start. On a server that runs elsewhere the given URL's
// own user and password stand for the superuser.
func (p *Postgres) URL(role, database string) string {
	u := &url.URL{Scheme: "postgres", User: url.User(role), Host: p.addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	if p.given != nil {
		copied := *p.given
		copied.Path = "/" + database
		if role != superuser {
			copied.User = url.User(role)
		}
		return copied.String()
	}
	return u.String()
}

// Throwaway says whether the server is this process's own to kill.
func (p *Postgres) Throwaway() bool { return p.given == nil }

// Kill ends the server as a crash would, and waits until all its processes are gone. The
// error is [ErrNotOurs] for one that runs elsewhere.
func (p *Postgres) Kill() error {
	if p.given != nil {
		return ErrNotOurs
	}
	// Its children notice that it is gone and end by themselves; one that holds the shared
	// memory would keep a new server from starting, which then says so and is asked again.
	p.process.end(syscall.SIGKILL, time.Minute)
	return nil
}

// Restart starts a killed server again, on its port and data.
func (p *Postgres) Restart(ctx context.Context) error {
	if p.given != nil {
		return ErrNotOurs
	}
	tick := time.NewTicker(ready)
	defer tick.Stop()
	for {
		err := p.start(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Stop ends the server and removes its data; one that runs elsewhere is left alone.
func (p *Postgres) Stop() error {
	if p.given != nil {
		return nil
	}
	if p.process != nil {
		p.process.end(syscall.SIGQUIT, 10*time.Second) // at once, with all its children
	}
	return os.RemoveAll(p.dir)
}
