package shopeeapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

const (
	store = "shopee"
	// defaultBase is the API of Brazil; every country has its own.
	defaultBase = "https://open-api.affiliate.shopee.com.br"
	// answerLimit is far above any answer to one short link, in bytes.
	answerLimit = 64 << 10
	// firstPause is the pause after the first failure; each further one doubles it.
	firstPause = 250 * time.Millisecond
)

// Options tune a [Minter]. Client is required, the rest may be zero.
type Options struct {
	// Client makes the requests. Only its Transport is used: redirects, cookies and time
	// limits are the minter's own business.
	Client *http.Client
	// BaseURL is where the API is, http only in tests. Default:
	// https://open-api.affiliate.shopee.com.br.
	BaseURL string
	// Timeout bounds one request. Default: 5 s.
	Timeout time.Duration
	// Retries is how often a call that failed for a moment is repeated. Default: 2;
	// negative: never.
	Retries int
	// Now is the clock that calls are signed with. Default: time.Now.
	Now func() time.Time
	// Wait pauses before a call is repeated; it returns early, with the context's error,
	// when ctx ends. Default: a timer.
	Wait func(ctx context.Context, pause time.Duration) error
	// Logger receives failures without credentials and addresses. Default: discard.
	Logger *slog.Logger
}

// Minter makes links at Shopee. It is safe for concurrent use.
type Minter struct {
	options  Options
	endpoint string
	client   *http.Client
}

var _ links.Minter = (*Minter)(nil)

// New returns a Minter. It fails without a client that has a transport of its own, or with a
// BaseURL that is no plain web address.
func New(options Options) (*Minter, error) {
	if options.Client == nil || options.Client.Transport == nil {
		return nil, errors.New("shopeeapi: a client with a transport is required")
	}
	options = options.withDefaults()
	base, err := url.Parse(options.BaseURL)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("shopeeapi: BaseURL is no plain web address")
	}
	return &Minter{
		options:  options,
		endpoint: strings.TrimRight(options.BaseURL, "/") + "/graphql",
		client: &http.Client{
			Transport: options.Client.Transport,
			// A redirect would take the signed call to somebody else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (o Options) withDefaults() Options {
	if o.BaseURL == "" {
		o.BaseURL = defaultBase
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Retries == 0 {
		o.Retries = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store implements [links.Minter].
func (m *Minter) Store() string { return store }

// Mint implements [links.Minter]. Both parts of the sub-id are reported by Shopee, the group
// first.
func (m *Minter) Mint(ctx context.Context, r links.MintRequest) (string, error) {
	call, err := newCall(r)
	if err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", notAnswered(ctx.Err())
	}
	for try := 0; ; try++ {
		link, err := m.attempt(ctx, call)
		if err == nil {
			return link, nil
		}
		m.options.Logger.DebugContext(ctx, "no affiliate link made", "store", store, "try", try+1, "error", err)
		if !worthRepeating(err) || try >= m.options.Retries || ctx.Err() != nil {
			return "", err
		}
		if m.options.Wait(ctx, pause(try)) != nil {
			return "", err
		}
	}
}

// attempt makes one request. It is signed anew each time, because signatures expire.
func (m *Minter) attempt(ctx context.Context, c call) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint, bytes.NewReader(c.body))
	if err != nil {
		return "", failed("the request cannot be built")
	}
	req.Header.Set("Authorization", c.authorization(m.options.Now()))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "autopromo")
	res, err := m.client.Do(req)
	if err != nil {
		return "", notAnswered(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	switch {
	case err != nil:
		return "", notAnswered(err)
	case res.StatusCode != http.StatusOK:
		return "", unexpectedStatus(res.StatusCode)
	case len(data) > answerLimit:
		return "", failed("the answer is too large")
	}
	return readAnswer(data)
}

// pause doubles with each try and is shortened by up to a half at random, so that callers
// who failed together do not come back together.
func pause(try int) time.Duration {
	longest := firstPause << min(try, 6)
	return longest - rand.N(longest/2)
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
