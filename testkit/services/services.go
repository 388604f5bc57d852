// Package services starts throw-away PostgreSQL and Redis servers for tests: real ones, on
// free loopback ports, with their data in a folder that goes with them. They can be killed
// as a crash would and started again on the same data.
//
// Servers come from installed programs. Where there are none, the environment may name
// servers that run elsewhere, which are used and never killed:
//
//	AUTOPROMO_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/postgres
//	AUTOPROMO_TEST_REDIS_URL=redis://127.0.0.1:6379
//
// Nothing stays behind: Stop ends a server and removes its folder, and on Linux a server
// also ends when the process that started it is killed.
package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrMissing says that a server is neither installed nor named by the environment.
	ErrMissing = errors.New("services: the server is not installed")
	// ErrNotOurs says that a server named by the environment cannot be killed or restarted.
	ErrNotOurs = errors.New("services: the server was not started here")
)

// ready is how often a starting server is asked whether it answers.
const ready = 20 * time.Millisecond

// process is a running server.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
	err  error         // why it ended
	out  *tail
}

// launch starts a program so that it ends with this process.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, gone: make(chan struct{}), out: &tail{}}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	started := make(chan error)
	go func() {
		// The kernel ends the child with the thread that started it.
		unlock := endWithThisThread(cmd)
		defer unlock()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("services: start %s: %w", filepath.Base(cmd.Path), err)
	}
	return p, nil
}

// answers waits until ask succeeds or the process or ctx ends.
func (p *process) answers(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(ready)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.gone:
			return fmt.Errorf("services: %s ended (%v): %s", filepath.Base(p.cmd.Path), p.err, p.out)
		case <-ctx.Done():
			return fmt.Errorf("services: %s does not answer: %w", filepath.Base(p.cmd.Path), errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// end sends a signal and waits until the process is gone; after patience it is killed.
func (p *process) end(signal os.Signal, patience time.Duration) {
	_ = p.cmd.Process.Signal(signal) // it may be gone already
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.gone:
	case <-late.C:
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
}

// tail keeps the end of a server's words for error messages.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-2000):]
	return len(b), nil
}

// String implements fmt.Stringer.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// program finds an installed program, also where distributions keep PostgreSQL.
func program(name string, folders ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range folders {
		found, err := filepath.Glob(filepath.Join(pattern, name))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrMissing, name)
}

// version is the number in a path such as /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	for part := range strings.SplitSeq(path, string(filepath.Separator)) {
		if n, err := strconv.Atoi(part); err == nil {
			return n
		}
	}
	return 0
}

// freePort asks the kernel for a port nobody listens on.
func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// prefix begins the names of the servers' folders; the number after it is the owner's.
const prefix = "autopromo-services-"

// folder makes a server's folder, and removes those whose owners are dead.
func folder() (string, error) {
	stale, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, path := range stale {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(path) // another process may be at it
		}
	}
	return os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
}

// dial connects to a server on this machine.
func dial(ctx context.Context, addr string) (net.Conn, error) {
	var dialer net.Dialer
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return dialer.DialContext(ctx, "tcp", addr)
}
