package services_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func skipIfMissing(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, services.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func startRedis(t *testing.T, o services.RedisOptions) *services.Redis {
	r, err := services.StartRedis(patience(t), o)
	skipIfMissing(t, err)
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	if !r.Throwaway() {
		t.Skip("the server runs elsewhere and cannot be killed")
	}
	return r
}

// say sends one inline command to Redis and returns the first line of the answer.
func say(t *testing.T, r *services.Redis, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\n", command)
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "$") && line != "$-1\r\n" {
		line, err = answer.ReadString('\n')
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestRedisKeepsWhatItAppended(t *testing.T) {
	for _, kept := range []bool{true, false} {
		r := startRedis(t, services.RedisOptions{AppendOnly: kept})
		say(t, r, "SET oferta 1")
		if kept {
			// Waits until the file is synced here.
			say(t, r, "CONFIG SET appendfsync always")
			say(t, r, "SET outra 1")
		}
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := r.Restart(patience(t)); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: "1", false: "$-1"}[kept]
		if got := say(t, r, "GET oferta"); got != want {
			t.Errorf("append only %v: after the crash the key is %q, want %q", kept, got, want)
		}
	}
}

func TestPostgresComesBackAfterACrash(t *testing.T) {
	p, err := services.StartPostgres(patience(t), services.PostgresOptions{})
	skipIfMissing(t, err)
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	if !p.Throwaway() {
		t.Skip("the server runs elsewhere and cannot be killed")
	}
	before := p.URL("postgres", "postgres")
	for range 2 {
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := p.Restart(patience(t)); err != nil {
			t.Fatal(err)
		}
	}
	if p.URL("postgres", "postgres") != before {
		t.Errorf("the address is another after the crash")
	}
}

func TestStopLeavesNothing(t *testing.T) {
	r, err := services.StartRedis(patience(t), services.RedisOptions{AppendOnly: true})
	skipIfMissing(t, err)
	if !r.Throwaway() {
		t.Skip("the server runs elsewhere")
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", r.Addr()); err == nil {
		conn.Close()
		t.Error("the server still answers")
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf("autopromo-services-%d-*", os.Getpid())))
	if len(left) > 0 {
		t.Errorf("folders left: %v", left)
	}
}

// parent is set in the process that TestServersDieWithTheirParent starts.
const parent = "AUTOPROMO_TEST_PARENT"

func TestServersDieWithTheirParent(t *testing.T) {
	if os.Getenv(parent) != "" {
		r, err := services.StartRedis(t.Context(), services.RedisOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("addr", r.Addr(), os.Getpid())
		select {} // until it is killed
	}
	startRedis(t, services.RedisOptions{}) // skips where it cannot be tried
	child := exec.Command(os.Args[0], "-test.run=^TestServersDieWithTheirParent$")
	child.Env = append(os.Environ(), parent+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	addr := ""
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "addr" {
			addr = fields[1]
			if pid, _ := strconv.Atoi(fields[2]); pid != child.Process.Pid {
				t.Errorf("pid %s is not the child's", fields[2])
			}
		}
	}
	if addr == "" {
		t.Fatal("the child started no server")
	}
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := patience(t); ; {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-ctx.Done():
			t.Fatal("the server outlives its parent")
		case <-tick.C:
		}
	}
}
