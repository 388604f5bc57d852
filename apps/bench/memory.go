package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
	"github.com/autopromo-cloud/autopromo/core"
)

const (
	idleTenants = 5000
	// settle is how long a program gets to be idle: longer than its sweeps' interval.
	settle = 6 * time.Second
)

// memory measures the real program at rest, alone and with tenants that do nothing.
func memory(ctx context.Context, b *bench) ([]line, error) {
	binary := filepath.Join(b.dir, "autopromo")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "github.com/autopromo-cloud/autopromo/apps/autopromo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, said)
	}
	data := filepath.Join(b.dir, "data")
	empty, err := idle(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	if err := addTenants(ctx, data, idleTenants); err != nil {
		return nil, err
	}
	full, err := idle(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	return []line{
		{what: "memory of the program at rest (RSS)", figure: fmt.Sprintf("%.1f MB", float64(empty)/1e6)},
		{
			what: fmt.Sprintf("  per idle tenant, of %d", idleTenants), ours: fmt.Sprintf("%.1f MB", float64(full)/1e6),
			against: fmt.Sprintf("%.1f MB", float64(empty)/1e6), figure: fmt.Sprintf("%.2f kB", float64(full-empty)/idleTenants/1e3),
		},
	}, nil
}

// idle starts the program on a data folder and returns its resident memory once it rests.
func idle(ctx context.Context, binary, data string) (bytes int, err error) {
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Env = append(os.Environ(), "AUTOPROMO_DATA_DIR="+data, "AUTOPROMO_HTTP_ADDR=127.0.0.1:0", "AUTOPROMO_LOG_LEVEL=error")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "AutoPromo pronto") {
		return 0, fmt.Errorf("the program did not start: %s", lines.Text())
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(settle):
	}
	return residentMemory(cmd.Process.Pid)
}

// residentMemory reads a process' VmRSS.
func residentMemory(pid int) (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(raw, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("the system does not tell the memory of a process")
	}
	kilobytes, err := strconv.Atoi(string(fields[0]))
	return kilobytes * 1024, err
}

// addTenants stores tenants in the database of a program that does not run.
func addTenants(ctx context.Context, data string, n int) error {
	keys, err := keyfile.Open(data, wiring.Database)
	if err != nil {
		return err
	}
	repo, err := wiring.OpenRepository(ctx, wiring.Settings{
		Config: config.Config{DataDir: data}, Keys: keys, Log: slog.New(slog.DiscardHandler),
	}, "")
	if err != nil {
		return err
	}
	err = inParallel(n, func(i int) error { return populate(ctx, repo, core.TenantID(newID()), i, destinations) })
	return errors.Join(err, repo.Close())
}
