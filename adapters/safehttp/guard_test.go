package safehttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newGuard(tb testing.TB, options safehttp.Options) *safehttp.Guard {
	tb.Helper()
	g, err := safehttp.NewGuard(options)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func newClient(tb testing.TB, g *safehttp.Guard, options safehttp.ClientOptions) *http.Client {
	tb.Helper()
	client := g.Client(options)
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

// canary is a server that must not be reached, and how often it was.
func canary(tb testing.TB) (*httptest.Server, *atomic.Int64) {
	tb.Helper()
	var hits atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = io.WriteString(w, "secret")
	}))
	tb.Cleanup(s.Close)
	return s, &hits
}

func get(tb testing.TB, client *http.Client, address string) error {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	res, err := client.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return err
}

func TestSpecialAddressesAreNeverDialled(t *testing.T) {
	client := newClient(t, newGuard(t, safehttp.Options{}), safehttp.ClientOptions{})
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1",
		"100.64.0.1", "100.100.100.200", "169.254.169.254", "169.254.170.2", "192.0.0.192", "192.0.2.1",
		"192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[fec0::1]", "[fe80::1]",
		"[fd00:ec2::254]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2001::1]", "[2001:db8::1]", "[2002:7f00:1::]",
		"[ff02::1]", "localhost", "localhost.", "LOCALHOST", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
	} {
		if err := get(t, client, "http://"+host+"/"); !errors.Is(err, safehttp.ErrBlocked) {
			t.Errorf("%s: got %v, want ErrBlocked", host, err)
		}
	}
}

func TestPortsOfServicesAreNeverDialled(t *testing.T) {
	g := newGuard(t, safehttp.Options{AllowLoopback: true})
	for port, options := range map[string]safehttp.ClientOptions{
		"25": {}, "22": {}, "1023": {}, "8080": {WebPortsOnly: true}, "6379": {WebPortsOnly: true},
	} {
		// A public address: only the port is to blame. It is refused before any packet.
		if err := get(t, newClient(t, g, options), "http://8.8.8.8:"+port+"/"); !errors.Is(err, safehttp.ErrBlocked) {
			t.Errorf("port %s: got %v, want ErrBlocked", port, err)
		}
	}
}

func TestListedHostIsReachedAndItsNeighbourIsNot(t *testing.T) {
	allowed, allowedHits := canary(t)
	other, otherHits := canary(t)
	g := newGuard(t, safehttp.Options{AllowHosts: []string{allowed.Listener.Addr().String()}})
	client := newClient(t, g, safehttp.ClientOptions{WebPortsOnly: true})
	if err := get(t, client, allowed.URL); err != nil {
		t.Errorf("listed host: %v", err)
	}
	if err := get(t, client, other.URL); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("other port of a listed host: got %v, want ErrBlocked", err)
	}
	// The same address by another name is another host.
	_, port, _ := net.SplitHostPort(allowed.Listener.Addr().String())
	if err := get(t, client, "http://localhost:"+port); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("other name of a listed host: got %v, want ErrBlocked", err)
	}
	if allowedHits.Load() != 1 || otherHits.Load() != 0 {
		t.Errorf("hits: listed %d want 1, other %d want 0", allowedHits.Load(), otherHits.Load())
	}
}

func TestLoopbackByNameAndAddress(t *testing.T) {
	server, hits := canary(t)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	client := newClient(t, newGuard(t, safehttp.Options{AllowLoopback: true}), safehttp.ClientOptions{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if err := get(t, client, "http://"+host+":"+port); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hits.Load() != 3 {
		t.Errorf("%d hits, want 3", hits.Load())
	}
	if err := get(t, client, "http://10.0.0.1:"+port); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("a private address: got %v, want ErrBlocked", err)
	}
}

// A public name whose server answers with a private address, as in DNS rebinding.
func TestNameThatResolvesToALoopbackAddressIsBlocked(t *testing.T) {
	server, hits := canary(t)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	const name = "rebinding.autopromo.test"
	resolver := rebindingResolver(t)
	for _, options := range []safehttp.Options{{}, {AllowLoopback: true}} {
		client := newClient(t, newGuard(t, options).WithResolver(resolver), safehttp.ClientOptions{})
		if err := get(t, client, "http://"+name+":"+port); !errors.Is(err, safehttp.ErrBlocked) {
			t.Errorf("%+v: got %v, want ErrBlocked", options, err)
		}
	}
	listed := newGuard(t, safehttp.Options{AllowHosts: []string{name}}).WithResolver(resolver)
	if err := get(t, newClient(t, listed, safehttp.ClientOptions{}), "http://"+name+":"+port); err != nil {
		t.Errorf("a listed name: %v", err) // proves that the name does lead to the canary
	}
	if hits.Load() != 1 {
		t.Errorf("%d hits, want the listed one only", hits.Load())
	}
}

func TestClientFollowsNothingAndCarriesNothing(t *testing.T) {
	target, hits := canary(t)
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "1"})
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", target.URL)
	g := newGuard(t, safehttp.Options{AllowHosts: []string{"127.0.0.1"}})
	client := newClient(t, g, safehttp.ClientOptions{})
	for range 2 {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("apikey", "k")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("status %d, want the redirect itself", res.StatusCode)
		}
	}
	if hits.Load() != 0 {
		t.Error("the redirect or the proxy of the environment was followed")
	}
	if seen.Get("Cookie") != "" || seen.Get("Accept-Encoding") != "" {
		t.Errorf("second request carried %v", seen)
	}
}

func TestNewGuardRefusesWhatIsNotOneHost(t *testing.T) {
	for _, entry := range []string{"", "*", "*.example.com", "example.com:", "example.com:0", "example.com:99999", "http://example.com", "10.0.0.0/8", "fe80::1%eth0", "a b", "127.1"} {
		if _, err := safehttp.NewGuard(safehttp.Options{AllowHosts: []string{entry}}); err == nil {
			t.Errorf("%q was accepted", entry)
		} else if entry != "" && !strings.Contains(err.Error(), entry) {
			t.Errorf("the error of %q does not name it: %v", entry, err)
		}
	}
}
