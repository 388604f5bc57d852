package services

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// RedisOptions tune [StartRedis].
type RedisOptions struct {
	// AppendOnly keeps the data in an append-only file, synced every second.
	AppendOnly bool
}

// Redis is a running server.
type Redis struct {
	addr    string
	given   *url.URL // of a server that runs elsewhere
	binary  string
	dir     string
	options RedisOptions
	process *process
}

// StartRedis starts a server that refuses writes rather than evict, or takes the one that
// AUTOPROMO_TEST_REDIS_URL names. The error is [ErrMissing] where there is neither.
func StartRedis(ctx context.Context, o RedisOptions) (*Redis, error) {
	if raw := os.Getenv("AUTOPROMO_TEST_REDIS_URL"); raw != "" {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, errors.New("services: AUTOPROMO_TEST_REDIS_URL is no URL")
		}
		return &Redis{addr: u.Host, given: u}, nil
	}
	binary, err := program("redis-server", "/usr/local/bin", "/opt/homebrew/bin")
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
	r := &Redis{addr: net.JoinHostPort("127.0.0.1", port), binary: binary, dir: dir, options: o}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

func (r *Redis) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return err
	}
	appendOnly := "no"
	if r.options.AppendOnly {
		appendOnly = "yes"
	}
	if r.process, err = launch(exec.Command(r.binary, "--port", port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", "",
		"--appendonly", appendOnly, "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")); err != nil {
		return err
	}
	return r.process.answers(ctx, r.ping)
}

func (r *Redis) ping(ctx context.Context) error {
	conn, err := dial(ctx, r.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || answer != "+PONG\r\n" {
		return fmt.Errorf("services: redis says %q: %w", answer, err)
	}
	return nil
}

// Addr is the server's host and port.
func (r *Redis) Addr() string { return r.addr }

// URL is the server's address as clients take it.
func (r *Redis) URL() string {
	if r.given != nil {
		return r.given.String()
	}
	return "redis://" + r.addr
}

// Throwaway says whether the server is this process's own to kill.
func (r *Redis) Throwaway() bool { return r.given == nil }

// Kill ends the server as a crash would. The error is [ErrNotOurs] for one that runs
// elsewhere.
func (r *Redis) Kill() error {
	if r.given != nil {
		return ErrNotOurs
	}
	r.process.end(syscall.SIGKILL, time.Minute)
	return nil
}

// Restart starts a killed server again, on its port and what it kept of its data.
func (r *Redis) Restart(ctx context.Context) error {
	if r.given != nil {
		return ErrNotOurs
	}
	return r.start(ctx)
}

// Stop ends the server and removes its data; one that runs elsewhere is left alone.
func (r *Redis) Stop() error {
	if r.given != nil {
		return nil
	}
	if r.process != nil {
		r.process.end(syscall.SIGKILL, time.Minute)
	}
	return os.RemoveAll(r.dir)
}
