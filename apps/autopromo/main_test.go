package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
	"github.com/autopromo-cloud/autopromo/core"
)

// deadline bounds what a test waits for; nothing here is measured.
const deadline = 60 * time.Second

var readyLine = regexp.MustCompile(`^AutoPromo pronto em (http://127\.0\.0\.1:\d+) \(documentação da API: /docs\)$`)

// build makes the real program.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autopromo")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=v0.0.0-test", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// bare is the environment without settings of the person who runs the tests.
func bare(extra ...string) []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AUTOPROMO_") {
			kept = append(kept, entry)
		}
	}
	return append(kept, extra...)
}

func TestProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM on Windows")
	}
	program := build(t)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = bare("AUTOPROMO_HTTP_ADDR=127.0.0.1:0", "AUTOPROMO_DATA_DIR="+data, "AUTOPROMO_PACING=off", "AUTOPROMO_LOG_LEVEL=debug")
	var log bytes.Buffer
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatalf("no line on stdout: %v; the log says:\n%s", cmd.Wait(), log.String())
	}
	found := readyLine.FindStringSubmatch(lines.Text())
	if found == nil {
		t.Fatalf("the ready line is %q", lines.Text())
	}
	for _, path := range []string{"/healthz", "/readyz", "/docs"} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, found[1]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", path, response.StatusCode, err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		t.Errorf("a second line on stdout: %q", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v; the log says:\n%s", err, log.String())
	}
	if !strings.Contains(log.String(), "PACING IS OFF") {
		t.Errorf("the log does not warn of --pacing=off:\n%s", log.String())
	}
	keys, err := os.ReadFile(filepath.Join(data, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(string(keys), -1) {
		if strings.Contains(log.String(), key) {
			t.Error("the log shows a key of the key file")
		}
	}
}

// invoke runs the program inside the test.
func invoke(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args    []string
		environ []string
		code    int
		say     string
	}{
		{args: []string{"fly"}, code: 2, say: "fly"},
		{args: []string{"serve", "--speed=9"}, code: 2, say: "--speed"},
		{args: []string{"--pacing=fast"}, code: 2, say: "want safe or off"},
		{environ: []string{"AUTOPROMO_PORT=1"}, code: 2, say: "unknown environment variable AUTOPROMO_PORT; --help"},
		{environ: []string{"AUTOPROMO_PACIN=off"}, code: 2, say: "did you mean AUTOPROMO_PACING?"},
		{environ: []string{"AUTOPROMO_DATABASE_URL=mysql://u:hunter2@db/x"}, code: 2, say: "want a URL that begins with postgres://"},
		{args: []string{"--data-dir=" + file}, code: 1, say: "data folder"},
		{args: []string{"--http-addr=203.0.113.1:1", "--data-dir=" + t.TempDir() + "/data"}, code: 1, say: "listen on 203.0.113.1:1 (--http-addr, AUTOPROMO_HTTP_ADDR): "},
		{args: []string{"migrate", "down", "--data-dir=" + t.TempDir() + "/data"}, code: 1, say: "--delete-data"},
	} {
		t.Run(fmt.Sprint(c.args, c.environ), func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := invoke(t, c.environ, c.args...)
			if code != c.code || stdout != "" || !strings.Contains(stderr, c.say) {
				t.Errorf("code %d, stdout %q, stderr %q; want code %d and %q", code, stdout, stderr, c.code, c.say)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("the error shows a secret: %s", stderr)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := invoke(t, nil, "version")
	if code != 0 || !strings.HasPrefix(stdout, "autopromo ") || stderr != "" {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	dir := "--data-dir=" + t.TempDir() + "/data"
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"migrate", "status", dir}, "missing: "},
		{[]string{"migrate", "up", dir}, " applied\n"},
		{[]string{"migrate", "status", dir}, "up to date\n"},
		{[]string{"migrate", "up", dir}, "0 migration(s) applied\n"},
		{[]string{"migrate", "down", "--delete-data", dir}, "taken back\n"},
		{[]string{"migrate", "status", dir}, "missing: "},
	} {
		code, stdout, stderr := invoke(t, nil, step.args...)
		if code != 0 || !strings.Contains(stdout, step.want) {
			t.Errorf("%v: code %d, stdout %q, stderr %q; want %q", step.args[:2], code, stdout, stderr, step.want)
		}
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	data := "--data-dir=" + dir
	if code, _, stderr := invoke(t, nil, "migrate", "up", data); code != 0 {
		t.Fatal(stderr)
	}
	p := &program{flags: &config.Flags{}, stdout: io.Discard, stderr: io.Discard}
	parser, err := kong.New(p.flags, config.Options(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{data}); err != nil {
		t.Fatal(err)
	}
	look := func(do func(*bunrepository.Repository) error) {
		t.Helper()
		if err := p.withRepository(t.Context(), "", func(_ wiring.Settings, r *bunrepository.Repository) error { return do(r) }); err != nil {
			t.Fatal(err)
		}
	}
	const id = core.TenantID("01890a5d-ac96-774b-bcce-b302099a8057")
	look(func(r *bunrepository.Repository) error {
		return r.Directory().CreateTenant(t.Context(), core.Tenant{ID: id, Email: "ana@example.com", Active: true, Settings: core.DefaultSettings()})
	})
	for _, step := range []struct {
		args     []string
		code     int
		say      string
		operator bool
	}{
		{[]string{"operator", "add", "nobody@example.com", data}, 1, "there is no account nobody@example.com", false},
		{[]string{"operator", "add", "Ana@Example.com", data}, 0, "ana@example.com is an operator now", true},
		{[]string{"operator", "remove", "ana@example.com", data}, 0, "no operator any more", false},
	} {
		code, stdout, stderr := invoke(t, nil, step.args...)
		if code != step.code || !strings.Contains(stdout+stderr, step.say) {
			t.Errorf("%v: code %d, %q %q", step.args, code, stdout, stderr)
		}
		look(func(r *bunrepository.Repository) error {
			account, err := r.Tenant(id).Account().Get(t.Context())
			if account.Operator != step.operator {
				t.Errorf("after %v: operator %v", step.args, account.Operator)
			}
			return err
		})
	}
	look(func(r *bunrepository.Repository) error {
		log, err := r.Operations().Audit(t.Context(), "", 10)
		if len(log) != 2 || log[0].Action != core.OperatorRemoved || log[0].Actor != "command line" {
			t.Errorf("audit log %+v", log)
		}
		return err
	})
}

// TestDemo plays the whole product; the demo itself fails when its story goes wrong.
func TestDemo(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := invoke(t, nil, "demo", "--leave", "--http-addr=127.0.0.1:0")
	if code != 0 || !strings.Contains(stdout, "links de outra pessoa: 0") {
		t.Errorf("code %d, stderr %q, stdout:\n%s", code, stderr, stdout)
	}
	if code, _, stderr := invoke(t, nil, "demo", "--http-addr=0.0.0.0:0"); code != exitUsage || !strings.Contains(stderr, "loopback") {
		t.Errorf("a demo for other machines: code %d, %q", code, stderr)
	}
}
