package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings are those of a server on a free port with a folder of its own.
func settings(t *testing.T, roles config.Roles) Settings {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	keys, err := keyfile.Open(dir, Database)
	if err != nil {
		t.Fatal(err)
	}
	return Settings{
		Config: config.Config{
			Gateways: []string{config.Evolution}, HTTPAddr: "127.0.0.1:0", DataDir: dir, Roles: roles, AllowLoopback: true, Registration: true,
		},
		Keys: keys, Log: slog.New(slog.DiscardHandler), Version: "test",
	}
}

// roleSets are the ways to split the work over processes.
func roleSets() map[string]config.Roles {
	return map[string]config.Roles{
		"all":               {API: true, Worker: true, Dispatcher: true},
		"api":               {API: true},
		"worker":            {Worker: true},
		"dispatcher":        {Dispatcher: true},
		"worker,dispatcher": {Worker: true, Dispatcher: true},
	}
}

func TestGraphIsComplete(t *testing.T) {
	for name, roles := range roleSets() {
		t.Run(name, func(t *testing.T) {
			var at address
			if err := fx.ValidateApp(graph(settings(t, roles), &opened{}), fx.Populate(&at)); err != nil {
				t.Error(err)
			}
		})
	}
}

// serve runs a server until stop is called, which returns what Serve returned.
func serve(t *testing.T, s Settings) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, s, func(address string) { ready <- address }) }()
	select {
	case address = <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("the server did not start: %v", err)
	}
	return address, func() error {
		cancel()
		return <-ended
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeStartsAndStops(t *testing.T) {
	for name, roles := range roleSets() {
		t.Run(name, func(t *testing.T) {
			address, stop := serve(t, settings(t, roles))
			if (address != "") != roles.API {
				t.Errorf("address %q with roles %+v", address, roles)
			}
			if roles.API {
				for _, path := range []string{"/healthz", "/readyz"} {
					if status, body := get(t, "http://"+address+path); status != http.StatusOK {
						t.Errorf("%s: %d %s", path, status, body)
					}
				}
			}
			if err := stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
}

// TestRestart proves that a second start finds the schema, the keys and the queue usable.
func TestRestart(t *testing.T) {
	s := settings(t, roleSets()["all"])
	for range 2 {
		address, stop := serve(t, s)
		if status, body := get(t, "http://"+address+"/readyz"); status != http.StatusOK {
			t.Errorf("readyz: %d %s", status, body)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStopFinishesRequests stops the server while a request is being read, and wants the
// request answered.
func TestStopFinishesRequests(t *testing.T) {
	address, stop := serve(t, settings(t, roleSets()["all"]))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"email":"a@example.com","password":"short"}`
	if _, err := fmt.Fprintf(conn, "POST /api/v1/users/register HTTP/1.1\r\nHost: x\r\n"+
		"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)); err != nil {
		t.Fatal(err)
	}
	// The handler asks for the body, so the request is under way when the server stops.
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil || !strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 100") {
		t.Fatalf("got %q, %v", buffer[:n], err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	untilRefused(t, address)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
		t.Errorf("the request under way got %q, %v", answer, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

// untilRefused waits until nothing listens on address any more.
func untilRefused(t *testing.T, address string) {
	t.Helper()
	for t.Context().Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestStartFailsPlainly(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"the address is taken": {func(s *Settings) { s.Config.HTTPAddr = taken.Addr().String() }, "listen on 127.0.0.1:"},
		"a private host is no host": {
			func(s *Settings) { s.Config.AllowPrivateHosts = []string{"http://x"} }, "read --allow-private-hosts: ",
		},
		"the folder is gone": {func(s *Settings) { s.Config.DataDir += "/gone" }, "open the "},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, roleSets()["all"])
			c.change(&s)
			err := Serve(t.Context(), s, func(string) { t.Error("the server says it is ready") })
			var plain *Error
			if !errors.As(err, &plain) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want an *Error that begins with %q", err, c.want)
			}
		})
	}
}

func TestPublicURL(t *testing.T) {
	for _, c := range []struct {
		set, addr string
		at        address
		want      string
	}{
		{set: "https://promo.example", at: "127.0.0.1:8090", want: "https://promo.example"},
		{addr: "127.0.0.1:0", at: "127.0.0.1:4321", want: "http://127.0.0.1:4321"},
		{addr: ":8090", at: "[::]:8090", want: "http://127.0.0.1:8090"},
		{addr: "0.0.0.0:8090", at: "", want: "http://127.0.0.1:8090"},
		{addr: "promo.example:80", at: "", want: "http://promo.example:80"},
	} {
		s := Settings{Config: config.Config{PublicURL: c.set, HTTPAddr: c.addr}}
		if got := publicURL(s, c.at); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
