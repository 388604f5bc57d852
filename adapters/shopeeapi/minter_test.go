package shopeeapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/shopeeapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

var account = fakestores.Account{Store: fakestores.Shopee, ID: "18399990277", Secret: "QWERTYSECRET99"}

func request() links.MintRequest {
	return links.MintRequest{
		Target: "https://shopee.com.br/product/458071934/26778686208?a=1&b=%22x",
		Tag: core.Tag{Store: "shopee", Fields: map[string]string{
			"affiliate_id": "18300000001", "app_id": account.ID, "app_secret": account.Secret,
		}},
		SubID: core.SubID{Group: "gab12cd34", Offer: "oef56gh78"},
	}
}

// bench is a minter in front of a fake Shopee, without real pauses.
type bench struct {
	stores *fakestores.Stores
	minter *shopeeapi.Minter
	pauses []time.Duration
	log    bytes.Buffer
}

func newBench(t *testing.T, change func(*shopeeapi.Options)) *bench {
	t.Helper()
	b := &bench{stores: fakestores.New(fakestores.Options{Accounts: []fakestores.Account{account}})}
	server := httptest.NewServer(b.stores)
	t.Cleanup(server.Close)
	options := shopeeapi.Options{
		Client: server.Client(), BaseURL: server.URL, Timeout: time.Minute,
		Wait: func(ctx context.Context, pause time.Duration) error {
			b.pauses = append(b.pauses, pause)
			return ctx.Err()
		},
		Logger: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&options)
	}
	m, err := shopeeapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	b.minter = m
	return b
}

func (b *bench) mint(r links.MintRequest) (string, error) {
	return b.minter.Mint(context.Background(), r)
}

func TestMint(t *testing.T) {
	b := newBench(t, nil)
	r := request()
	link, err := b.mint(r)
	if err != nil || b.stores.Links()[link] != r.Target {
		t.Fatalf("got %q, %v, want a link to the target", link, err)
	}
	c := b.stores.Calls()[0]
	if !c.Accepted || c.Account != account.ID || !slices.Equal(c.SubIDs, []string{"gab12cd34", "oef56gh78"}) {
		t.Errorf("Shopee was asked %+v", c)
	}
	r.SubID = core.SubID{}
	if _, err := b.mint(r); err != nil || len(b.stores.Calls()[1].SubIDs) != 0 {
		t.Errorf("without a sub-id: %v, Shopee was asked %+v", err, b.stores.Calls()[1])
	}
}

// What cannot succeed does not even reach Shopee.
func TestMintRefusesBeforeAsking(t *testing.T) {
	for name, spoil := range map[string]func(*links.MintRequest){
		"other store":     func(r *links.MintRequest) { r.Tag.Store = "magalu" },
		"no app id":       func(r *links.MintRequest) { delete(r.Tag.Fields, "app_id") },
		"no secret":       func(r *links.MintRequest) { delete(r.Tag.Fields, "app_secret") },
		"app id injects":  func(r *links.MintRequest) { r.Tag.Fields["app_id"] = "1, Timestamp=1" },
		"header injects":  func(r *links.MintRequest) { r.Tag.Fields["app_id"] = "1\r\nX-Evil: 1" },
		"sub-id":          func(r *links.MintRequest) { r.SubID.Group = "g_1" },
		"http":            func(r *links.MintRequest) { r.Target = "http://shopee.com.br/product/1/2" },
		"no address":      func(r *links.MintRequest) { r.Target = "shopee.com.br/product/1/2" },
		"quote in target": func(r *links.MintRequest) { r.Target = `https://shopee.com.br/"}){shortLink}}#` },
		"backslash":       func(r *links.MintRequest) { r.Target = `https://shopee.com.br/\` },
		"not UTF-8":       func(r *links.MintRequest) { r.Target = "https://shopee.com.br/\xff" },
		"empty":           func(r *links.MintRequest) { *r = links.MintRequest{} },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			r := request()
			spoil(&r)
			if link, err := b.mint(r); link != "" || !errors.Is(err, links.ErrRefused) {
				t.Errorf("got %q, %v, want ErrRefused", link, err)
			}
			if n := len(b.stores.Calls()); n != 0 {
				t.Errorf("Shopee was asked %d times", n)
			}
		})
	}
}

func TestMintWithWrongCredentials(t *testing.T) {
	for name, spoil := range map[string]func(*shopeeapi.Options, *links.MintRequest){
		"app id": func(_ *shopeeapi.Options, r *links.MintRequest) { r.Tag.Fields["app_id"] = "18399990278" },
		"secret": func(_ *shopeeapi.Options, r *links.MintRequest) { r.Tag.Fields["app_secret"] = "WRONG" },
		"clock": func(o *shopeeapi.Options, _ *links.MintRequest) {
			o.Now = func() time.Time { return time.Now().Add(-time.Hour) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			b := newBench(t, func(o *shopeeapi.Options) { spoil(o, &r) })
			link, err := b.mint(r)
			if link != "" || !errors.Is(err, links.ErrRefused) || len(b.stores.Calls()) != 1 {
				t.Errorf("got %q, %v after %d calls, want ErrRefused after one", link, err, len(b.stores.Calls()))
			}
		})
	}
}

func TestMintMapsErrorCodes(t *testing.T) {
	for code, want := range map[string]struct {
		refused bool
		calls   int
	}{
		"10000": {false, 3}, "10030": {false, 3}, `"10030"`: {false, 3},
		"10010": {true, 1}, "10020": {true, 1}, "10031": {true, 1}, "10032": {true, 1},
		"10033": {true, 1}, "10034": {true, 1}, "10035": {true, 1}, "11001": {true, 1}, `"10020"`: {true, 1},
		"11000": {false, 1}, "11002": {false, 1}, "99999": {false, 1}, "null": {false, 1}, `"x"`: {false, 1},
	} {
		b := newBench(t, nil)
		// A link beside an error is none.
		b.stores.Fail(fakestores.Shopee, 9, fakestores.Fault{Kind: fakestores.Garbage, Text: fmt.Sprintf(
			`{"data":{"generateShortLink":{"shortLink":"https://s.shopee.com.br/x"}},"errors":[{"extensions":{"code":%s}}]}`, code)})
		link, err := b.mint(request())
		if link != "" || err == nil || errors.Is(err, links.ErrRefused) != want.refused || len(b.stores.Calls()) != want.calls {
			t.Errorf("%s: got %q, %v after %d calls, want %+v", code, link, err, len(b.stores.Calls()), want)
		}
	}
}

func TestMintRepeatsWhatPasses(t *testing.T) {
	for _, kind := range []fakestores.FaultKind{fakestores.Down, fakestores.Reset, fakestores.RateLimited} {
		b := newBench(t, nil)
		b.stores.Fail(fakestores.Shopee, 2, fakestores.Fault{Kind: kind})
		link, err := b.mint(request())
		if err != nil || b.stores.Links()[link] == "" || len(b.stores.Calls()) != 3 {
			t.Errorf("%s twice: got %q, %v after %d calls", kind, link, err, len(b.stores.Calls()))
		}
		if len(b.pauses) != 2 || b.pauses[0] <= 125*time.Millisecond || b.pauses[0] > 250*time.Millisecond ||
			b.pauses[1] <= 250*time.Millisecond || b.pauses[1] > 500*time.Millisecond {
			t.Errorf("%s twice: pauses %v, want two that grow", kind, b.pauses)
		}

		b.stores.Fail(fakestores.Shopee, 3, fakestores.Fault{Kind: kind})
		if link, err := b.mint(request()); link != "" || err == nil || errors.Is(err, links.ErrRefused) {
			t.Errorf("%s for good: got %q, %v, want a passing error", kind, link, err)
		}
		if len(b.stores.Calls()) != 6 {
			t.Errorf("%s for good: %d calls, want 3", kind, len(b.stores.Calls())-3)
		}
	}
}

func TestMintWithoutRetries(t *testing.T) {
	b := newBench(t, func(o *shopeeapi.Options) { o.Retries = -1 })
	b.stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: fakestores.Down})
	if _, err := b.mint(request()); err == nil || len(b.stores.Calls()) != 1 {
		t.Errorf("%v after %d calls, want an error after one", err, len(b.stores.Calls()))
	}
}

func TestMintFollowsNoRedirect(t *testing.T) {
	b := newBench(t, nil)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	b.stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: fakestores.Redirected, Text: elsewhere.URL + "/graphql"})
	if link, err := b.mint(request()); link != "" || err == nil || errors.Is(err, links.ErrRefused) {
		t.Errorf("got %q, %v, want a passing error", link, err)
	}
}

func TestMintEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	b := newBench(t, func(o *shopeeapi.Options) { o.Timeout = time.Nanosecond })
	b.stores.Fail(fakestores.Shopee, 9, fakestores.Fault{Until: release})
	if _, err := b.mint(request()); !errors.Is(err, context.DeadlineExceeded) || len(b.pauses) != 2 {
		t.Errorf("no answer in time: got %v after %d pauses", err, len(b.pauses))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.minter.Mint(ctx, request()); !errors.Is(err, context.Canceled) || len(b.pauses) != 2 {
		t.Errorf("a caller who left: got %v after %d more pauses", err, len(b.pauses)-2)
	}
}

func TestMintEndsDuringAPause(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := newBench(t, func(o *shopeeapi.Options) {
		o.Wait = func(ctx context.Context, _ time.Duration) error {
			cancel()
			return ctx.Err()
		}
	})
	b.stores.Fail(fakestores.Shopee, 9, fakestores.Fault{Kind: fakestores.Down})
	link, err := b.minter.Mint(ctx, request())
	if link != "" || err == nil || errors.Is(err, links.ErrRefused) || len(b.stores.Calls()) != 1 {
		t.Errorf("got %q, %v after %d calls, want a passing error after one", link, err, len(b.stores.Calls()))
	}
}

func TestLogShowsNoSecret(t *testing.T) {
	b := newBench(t, nil)
	r := request()
	for _, kind := range []fakestores.FaultKind{fakestores.Down, fakestores.Reset, fakestores.WrongCredentials, fakestores.Garbage} {
		b.stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: kind, Text: account.Secret + account.ID + r.Target})
		_, _ = b.mint(r) // judged by the log
	}
	log := b.log.String()
	if strings.Count(log, "level=DEBUG") < 4 {
		t.Errorf("the log has too little:\n%s", log)
	}
	for _, secret := range []string{account.Secret, account.ID, "26778686208", "Signature", "SHA256"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q:\n%s", secret, log)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	good := &http.Client{Transport: http.DefaultTransport}
	for name, o := range map[string]shopeeapi.Options{
		"no client":    {},
		"no transport": {Client: &http.Client{}},
		"no scheme":    {Client: good, BaseURL: "shopee.example"},
		"other scheme": {Client: good, BaseURL: "ftp://shopee.example"},
		"user":         {Client: good, BaseURL: "https://a:b@shopee.example"},
		"query":        {Client: good, BaseURL: "https://shopee.example/?a=b"},
	} {
		if _, err := shopeeapi.New(o); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: got %v, want an error without the address", name, err)
		}
	}
	if m, err := shopeeapi.New(shopeeapi.Options{Client: good}); err != nil || m.Store() != "shopee" {
		t.Errorf("the least options: %v", err)
	}
}
