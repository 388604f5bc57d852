package aliexpressapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/aliexpressapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

var account = fakestores.Account{Store: fakestores.AliExpress, ID: "518399", Secret: "QWERTYSECRET99", TrackingID: "minhaloja1"}

func request() links.MintRequest {
	return links.MintRequest{
		Target: "https://www.aliexpress.com/item/1005006123456789.html?a=1&b=%2C+x",
		Tag: core.Tag{Store: "aliexpress", Fields: map[string]string{
			"aff_short_key": "UneMJZVf", "app_key": account.ID, "app_secret": account.Secret, "tracking_id": account.TrackingID,
		}},
		SubID: core.SubID{Group: "gab12cd34", Offer: "oef56gh78"},
	}
}

// bench is a minter in front of a fake AliExpress, without real pauses.
type bench struct {
	stores *fakestores.Stores
	minter *aliexpressapi.Minter
	pauses []time.Duration
	log    bytes.Buffer
}

func newBench(t *testing.T, change func(*aliexpressapi.Options)) *bench {
	t.Helper()
	b := &bench{stores: fakestores.New(fakestores.Options{Accounts: []fakestores.Account{account}})}
	server := httptest.NewServer(b.stores)
	t.Cleanup(server.Close)
	options := aliexpressapi.Options{
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
	m, err := aliexpressapi.New(options)
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
	if c := b.stores.Calls()[0]; !c.Accepted || c.Account != account.ID || c.TrackingID != account.TrackingID || c.SubIDs != nil {
		t.Errorf("AliExpress was asked %+v", c)
	}
}

// What cannot succeed does not even reach AliExpress.
func TestMintRefusesBeforeAsking(t *testing.T) {
	for name, spoil := range map[string]func(*links.MintRequest){
		"other store":     func(r *links.MintRequest) { r.Tag.Store = "magalu" },
		"no app key":      func(r *links.MintRequest) { delete(r.Tag.Fields, "app_key") },
		"no secret":       func(r *links.MintRequest) { delete(r.Tag.Fields, "app_secret") },
		"no tracking id":  func(r *links.MintRequest) { delete(r.Tag.Fields, "tracking_id") },
		"two targets":     func(r *links.MintRequest) { r.Target += ",https://www.aliexpress.com/item/1.html" },
		"http":            func(r *links.MintRequest) { r.Target = "http://www.aliexpress.com/item/1.html" },
		"no address":      func(r *links.MintRequest) { r.Target = "www.aliexpress.com/item/1.html" },
		"quote in target": func(r *links.MintRequest) { r.Target = `https://www.aliexpress.com/"x` },
		"backslash":       func(r *links.MintRequest) { r.Target = `https://www.aliexpress.com/\` },
		"not UTF-8":       func(r *links.MintRequest) { r.Target = "https://www.aliexpress.com/\xff" },
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
				t.Errorf("AliExpress was asked %d times", n)
			}
		})
	}
}

func TestMintWithWrongCredentials(t *testing.T) {
	for name, spoil := range map[string]func(*aliexpressapi.Options, *links.MintRequest){
		"app key":     func(_ *aliexpressapi.Options, r *links.MintRequest) { r.Tag.Fields["app_key"] = "518398" },
		"tracking id": func(_ *aliexpressapi.Options, r *links.MintRequest) { r.Tag.Fields["tracking_id"] = "other1" },
		"secret":      func(_ *aliexpressapi.Options, r *links.MintRequest) { r.Tag.Fields["app_secret"] = "WRONG" },
		"clock": func(o *aliexpressapi.Options, _ *links.MintRequest) {
			o.Now = func() time.Time { return time.Now().Add(-3 * time.Hour) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			b := newBench(t, func(o *aliexpressapi.Options) { spoil(o, &r) })
			link, err := b.mint(r)
			if link != "" || !errors.Is(err, links.ErrRefused) || len(b.stores.Calls()) != 1 {
				t.Errorf("got %q, %v after %d calls, want ErrRefused after one", link, err, len(b.stores.Calls()))
			}
		})
	}
}

func TestMintMapsErrorCodes(t *testing.T) {
	for body, want := range map[string]struct {
		refused bool
		calls   int
		shown   string
	}{
		gateway(`"InvalidAppKey"`, "ISV"):                                {true, 1, "InvalidAppKey"},
		gateway(`"IncompleteSignature"`, "ISV"):                          {true, 1, "IncompleteSignature"},
		gateway(`"IllegalTimestamp"`, "ISV"):                             {true, 1, "IllegalTimestamp"},
		gateway(`"InvalidApiPath"`, "ISV"):                               {true, 1, "InvalidApiPath"},
		gateway(`"InsufficientPermission"`, "ISV"):                       {true, 1, "InsufficientPermission"},
		gateway(`"MissingParameter"`, "ISV"):                             {true, 1, "MissingParameter"},
		gateway(`"ApiCallLimit"`, "ISV"):                                 {false, 3, "ApiCallLimit"},
		gateway(`"AppCallLimit"`, ""):                                    {false, 3, "AppCallLimit"},
		gateway(`"SomethingNew"`, "SYSTEM"):                              {false, 3, ""},
		gateway(`"SomethingNew"`, "ISP"):                                 {false, 3, ""},
		gateway(`"SomethingNew"`, "ISV"):                                 {false, 1, "SomethingNew"},
		gateway(`"QWERTYSECRET99"`, "ISV"):                               {false, 1, ""},
		gateway(`15`, ""):                                                {false, 1, ""},
		gateway(`null`, ""):                                              {false, 1, ""},
		gateway(`"isv.appkey-not-exists"`, ""):                           {true, 1, "isv.appkey"},
		`{"error_response":{"code":29,"sub_code":"isv.appkey-invalid"}}`: {true, 1, "isv.appkey"},
		`{"error_response":{"code":15,"sub_code":"isp.unknown-error"}}`:  {false, 3, ""},
		answer(`{"resp_code":401,"resp_msg":"x"}`):                       {true, 1, "401"},
		answer(`{"resp_code":"401"}`):                                    {true, 1, "401"},
		answer(`{"resp_code":404}`):                                      {false, 3, "404"},
		answer(`{"resp_code":405}`):                                      {false, 1, "405"},
		answer(`{"resp_code":"QWERTYSECRET99"}`):                         {false, 1, ""},
	} {
		b := newBench(t, nil)
		b.stores.Fail(fakestores.AliExpress, 9, fakestores.Fault{Kind: fakestores.Garbage, Text: body})
		link, err := b.mint(request())
		if link != "" || err == nil || errors.Is(err, links.ErrRefused) != want.refused || len(b.stores.Calls()) != want.calls ||
			!strings.Contains(fmt.Sprint(err), want.shown) || strings.Contains(fmt.Sprint(err), account.Secret) {
			t.Errorf("%s: got %q, %v after %d calls, want %+v", body, link, err, len(b.stores.Calls()), want)
		}
	}
}

// gateway is an error of the platform, beside a link that is none for it.
func gateway(code, kind string) string {
	return fmt.Sprintf(`{"error_response":{"code":%s,"type":%q,"msg":"%s"},%s`, code, kind, account.Secret,
		strings.TrimPrefix(made("https://s.click.aliexpress.com/e/_x", request().Target, account.TrackingID), "{"))
}

// made is an answer with one link.
func made(link, source, trackingID string) string {
	return answer(fmt.Sprintf(
		`{"resp_code":200,"result":{"tracking_id":%q,"promotion_links":{"promotion_link":[{"promotion_link":%q,"source_value":%q}]}}}`,
		trackingID, link, source))
}

// A link made for something or somebody else is none.
func TestMintChecksWhatTheLinkIsFor(t *testing.T) {
	const link = "https://s.click.aliexpress.com/e/_DdV3Zrl"
	target := request().Target
	one := fmt.Sprintf(`{"promotion_link":%q,"source_value":%q}`, link, target)
	for body, good := range map[string]bool{
		made(link, target, account.TrackingID):                                   true,
		made(link, target, ""):                                                   true,
		made(link, target, "somebody"):                                           false,
		made(link, "", account.TrackingID):                                       false,
		made(link, target+"#", ""):                                               false,
		made(link, "https://www.aliexpress.com/item/2.html", account.TrackingID): false,
		answer(`{"resp_code":200,"result":{"promotion_links":{"promotion_link":[` + one + `,` + one + `]}}}`): false,
		answer(`{"resp_code":200,"result":{"promotion_links":{"promotion_link":[` + one + `]}}}`):             true,
		answer(`{"result":{"promotion_links":{"promotion_link":[` + one + `]}}}`):                             false,
	} {
		b := newBench(t, nil)
		b.stores.Fail(fakestores.AliExpress, 1, fakestores.Fault{Kind: fakestores.Garbage, Text: body})
		got, err := b.mint(request())
		if good && (got != link || err != nil) || !good && (got != "" || err == nil || errors.Is(err, links.ErrRefused)) {
			t.Errorf("%s: got %q, %v", body, got, err)
		}
	}
	b := newBench(t, nil)
	b.stores.Fail(fakestores.AliExpress, 1, fakestores.Fault{Kind: fakestores.OtherTarget, Text: "https://www.aliexpress.com/item/2.html"})
	if got, err := b.mint(request()); got != "" || err == nil {
		t.Errorf("made for another page: got %q, %v", got, err)
	}
}

func TestMintRepeatsWhatPasses(t *testing.T) {
	for _, kind := range []fakestores.FaultKind{fakestores.Down, fakestores.Reset, fakestores.RateLimited} {
		b := newBench(t, nil)
		b.stores.Fail(fakestores.AliExpress, 2, fakestores.Fault{Kind: kind})
		link, err := b.mint(request())
		if err != nil || b.stores.Links()[link] == "" || len(b.stores.Calls()) != 3 {
			t.Errorf("%s twice: got %q, %v after %d calls", kind, link, err, len(b.stores.Calls()))
		}
		if len(b.pauses) != 2 || b.pauses[0] <= 125*time.Millisecond || b.pauses[0] > 250*time.Millisecond ||
			b.pauses[1] <= 250*time.Millisecond || b.pauses[1] > 500*time.Millisecond {
			t.Errorf("%s twice: pauses %v, want two that grow", kind, b.pauses)
		}

		b.stores.Fail(fakestores.AliExpress, 3, fakestores.Fault{Kind: kind})
		if link, err := b.mint(request()); link != "" || err == nil || errors.Is(err, links.ErrRefused) {
			t.Errorf("%s for good: got %q, %v, want a passing error", kind, link, err)
		}
		if len(b.stores.Calls()) != 6 {
			t.Errorf("%s for good: %d calls, want 3", kind, len(b.stores.Calls())-3)
		}
	}
}

func TestMintWithoutRetries(t *testing.T) {
	b := newBench(t, func(o *aliexpressapi.Options) { o.Retries = -1 })
	b.stores.Fail(fakestores.AliExpress, 1, fakestores.Fault{Kind: fakestores.Down})
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
	b.stores.Fail(fakestores.AliExpress, 1, fakestores.Fault{Kind: fakestores.Redirected, Text: elsewhere.URL + "/sync"})
	if link, err := b.mint(request()); link != "" || err == nil || errors.Is(err, links.ErrRefused) {
		t.Errorf("got %q, %v, want a passing error", link, err)
	}
}

func TestMintEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	b := newBench(t, func(o *aliexpressapi.Options) { o.Timeout = time.Nanosecond })
	b.stores.Fail(fakestores.AliExpress, 9, fakestores.Fault{Until: release})
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
	b := newBench(t, func(o *aliexpressapi.Options) {
		o.Wait = func(ctx context.Context, _ time.Duration) error {
			cancel()
			return ctx.Err()
		}
	})
	b.stores.Fail(fakestores.AliExpress, 9, fakestores.Fault{Kind: fakestores.Down})
	link, err := b.minter.Mint(ctx, request())
	if link != "" || err == nil || errors.Is(err, links.ErrRefused) || len(b.stores.Calls()) != 1 {
		t.Errorf("got %q, %v after %d calls, want a passing error after one", link, err, len(b.stores.Calls()))
	}
}

func TestLogShowsNoSecret(t *testing.T) {
	b := newBench(t, nil)
	r := request()
	for _, kind := range []fakestores.FaultKind{fakestores.Down, fakestores.Reset, fakestores.WrongCredentials, fakestores.Garbage} {
		b.stores.Fail(fakestores.AliExpress, 1, fakestores.Fault{Kind: kind, Text: account.Secret + account.ID + r.Target})
		_, _ = b.mint(r) // judged by the log
	}
	log := b.log.String()
	if strings.Count(log, "level=DEBUG") < 4 {
		t.Errorf("the log has too little:\n%s", log)
	}
	for _, secret := range []string{account.Secret, account.ID, account.TrackingID, "1005006123456789", "sign="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q:\n%s", secret, log)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	good := &http.Client{Transport: http.DefaultTransport}
	for name, o := range map[string]aliexpressapi.Options{
		"no client":    {},
		"no transport": {Client: &http.Client{}},
		"no scheme":    {Client: good, BaseURL: "aliexpress.example"},
		"other scheme": {Client: good, BaseURL: "ftp://aliexpress.example"},
		"user":         {Client: good, BaseURL: "https://a:b@aliexpress.example"},
		"query":        {Client: good, BaseURL: "https://aliexpress.example/?a=b"},
	} {
		if _, err := aliexpressapi.New(o); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: got %v, want an error without the address", name, err)
		}
	}
	if m, err := aliexpressapi.New(aliexpressapi.Options{Client: good}); err != nil || m.Store() != "aliexpress" {
		t.Errorf("the least options: %v", err)
	}
}
