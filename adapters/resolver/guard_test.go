package resolver_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// specialHosts are the ways to say "inside" that a link of a stranger might try.
var specialHosts = []string{
	"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
	"169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1",
	"240.0.0.1", "255.255.255.255", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.",
	"2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "2852039166", "0xa9fea9fe",
	"0251.0376.0251.0376", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1",
	"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
	"[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]",
	"[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[100::1]", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[fc00::1]",
	"[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[5f00::1]",
}

// outside answers for one public name and hands everything else to the guarded transport.
type outside struct {
	redirect string
	guarded  http.RoundTripper
}

func (o outside) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "s.example" {
		return to(o.redirect), nil
	}
	return o.guarded.RoundTrip(r)
}

// The resolver together with the guard that the apps give it: neither a link nor a redirect
// leads inside, however it is written.
func TestSpecialAddressesAreNeverReached(t *testing.T) {
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := guard.Client(safehttp.ClientOptions{WebPortsOnly: true})
	t.Cleanup(client.CloseIdleConnections)
	for _, host := range specialHosts {
		inside := "http://" + host + "/latest/meta-data/"
		r, err := resolver.New(resolver.Options{
			Client:  &http.Client{Transport: outside{redirect: inside, guarded: client.Transport}},
			Blocked: safehttp.ErrBlocked,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{inside, "https://s.example/" + host} {
			got, err := r.Resolve(t.Context(), link, isShop)
			if got != "" || !errors.Is(err, links.ErrInconclusive) && !errors.Is(err, links.ErrDead) {
				t.Errorf("%s: got %q, %v, want an error", link, got, err)
			}
		}
		// One request goes to s.example; the others are refused or, where the address is none
		// at all, never made.
		if s := r.Stats(); s.Requests != 1+s.Refused {
			t.Errorf("%s: %+v, want every connection inside refused", host, s)
		}
	}
}

func TestPortsOfServicesAreNeverReached(t *testing.T) {
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := guard.Client(safehttp.ClientOptions{WebPortsOnly: true})
	t.Cleanup(client.CloseIdleConnections)
	r, err := resolver.New(resolver.Options{Client: client, Blocked: safehttp.ErrBlocked})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"http://8.8.8.8:22/", "http://8.8.8.8:6379/", "https://8.8.8.8:8080/", "http://8.8.8.8:0/", "http://8.8.8.8:65536/"} {
		if _, err := r.Resolve(t.Context(), link, isShop); !errors.Is(err, safehttp.ErrBlocked) {
			t.Errorf("%s: got %v, want ErrBlocked", link, err)
		}
	}
}
