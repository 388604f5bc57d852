package resolver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

const (
	// maxURL is the longest address followed, in bytes, and maxKept the longest link and
	// answer kept together: longer ones are made to fill memory, not to sell something.
	maxURL  = 8 << 10
	maxKept = 2 << 10
	// perHost is how many requests may be under way to one host, so that a busy group
	// does not look like an attack to a shortener.
	perHost = 2
)

// Options tune a [Resolver]. Client is required, the rest may be zero.
type Options struct {
	// Client makes the requests. Its Transport must refuse private addresses on every
	// connection and use no proxy, so it may not be the default one. Only the Transport is
	// used: redirects, cookies and time limits are the resolver's own business.
	Client *http.Client
	// Blocked is in the chain of the errors with which the Client refuses an address. It is
	// for the counter Stats.Refused alone; nil counts none.
	Blocked error
	// MaxHops is the most requests per link. Default: 8.
	MaxHops int
	// MaxChains is the most links followed at the same time. Default: 32.
	MaxChains int
	// HopTimeout bounds one request with its body, Total a whole chain with every wait for
	// its turn. Defaults: 5 s and 8 s.
	HopTimeout, Total time.Duration
	// CacheTTL is how long an answer is kept, NegativeTTL how long a failure, and a page of
	// the link's own host, which may be a captcha. Defaults: 24 h and 2 min.
	CacheTTL, NegativeTTL time.Duration
	// CacheSize is the most answers and failures kept. Default: 10,000.
	CacheSize int
	// Logger receives failures with the host of the link, never its path or query.
	// Default: discard.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxHops, 8)
	setDefault(&o.MaxChains, 32)
	setDefault(&o.HopTimeout, 5*time.Second)
	setDefault(&o.Total, 8*time.Second)
	setDefault(&o.CacheTTL, 24*time.Hour)
	setDefault(&o.NegativeTTL, 2*time.Minute)
	setDefault(&o.CacheSize, 10_000)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T int | time.Duration](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// Resolver follows short links. It is safe for concurrent use.
type Resolver struct {
	options   Options
	transport http.RoundTripper
	cache     *cache
	hosts     *gates
	rests     *rests
	chains    chan struct{} // one place per chain under way
	flights   singleflight.Group
	counters  counters
}

var _ links.Resolver = (*Resolver)(nil)

// New returns a Resolver. It fails without a client that has a transport of its own.
func New(options Options) (*Resolver, error) {
	if options.Client == nil || options.Client.Transport == nil {
		return nil, errors.New("resolver: a client with a guarded transport is required")
	}
	options = options.withDefaults()
	return &Resolver{
		options:   options,
		transport: options.Client.Transport,
		cache:     newCache(options.CacheSize),
		hosts:     newGates(perHost),
		rests:     newRests(),
		chains:    make(chan struct{}, options.MaxChains),
	}, nil
}

// errBusy and errResting are failures that say something about us or about a host, not about
// the link: they are not kept.
var (
	errBusy    = errors.New("too many requests are under way")
	errResting = errors.New("the host wants to be left alone for a while")
)

// Resolve implements [links.Resolver]. Calls for the same link at the same time share the
// requests and the first caller's stop, so stop must depend on the URL alone.
//
// A link to a Mercado Livre showcase is answered with the one product that the page
// features, if stop accepts it and the page leaves no doubt; otherwise the page itself is
// the answer, as for any page.
func (r *Resolver) Resolve(ctx context.Context, link string, stop func(url string) bool) (string, error) {
	r.counters.lookups.Add(1)
	a := r.lookup(ctx, link, stop)
	r.counters.outcome(a)
	return a.target, a.err
}

func (r *Resolver) lookup(ctx context.Context, link string, stop func(string) bool) answer {
	start, err := parse(link)
	if err != nil {
		return answer{err: fmt.Errorf("%w: %w", links.ErrDead, err)}
	}
	if stop(link) {
		return answer{target: link}
	}
	if known, ok := r.cache.get(link, time.Now()); ok && known.serves(stop) {
		r.counters.cacheHits.Add(1)
		return known
	}
	if err := ctx.Err(); err != nil {
		return answer{err: fmt.Errorf("%w: %w", links.ErrInconclusive, err)}
	}
	// The chain outlives a caller who leaves: others may wait for it, and Total bounds it.
	flight := r.flights.DoChan(link, func() (any, error) {
		chain, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.options.Total)
		defer cancel()
		return r.resolve(chain, link, start, stop), nil
	})
	select {
	case <-ctx.Done():
		return answer{err: fmt.Errorf("%w: %w", links.ErrInconclusive, ctx.Err())}
	case result := <-flight:
		return result.Val.(answer)
	}
}

// resolve follows the chain, when there is room for one more, and keeps the outcome.
func (r *Resolver) resolve(ctx context.Context, link string, start *url.URL, stop func(string) bool) answer {
	select {
	case r.chains <- struct{}{}:
		defer func() { <-r.chains }()
	case <-ctx.Done():
		return answer{err: fmt.Errorf("%w: %w", links.ErrInconclusive, errBusy)}
	}
	a := r.follow(ctx, start, stop)
	if a.err != nil {
		r.options.Logger.DebugContext(ctx, "short link not resolved", "host", start.Hostname(), "error", a.err)
	}
	if !errors.Is(a.err, errBusy) && !errors.Is(a.err, errResting) && len(link)+len(a.target) <= maxKept {
		r.cache.put(link, a, time.Now().Add(r.ttl(start, a)))
	}
	return a
}

// ttl is how long an answer holds. A page of the link's own host is mostly a captcha, a
// warning or a pause, and may give way to a redirect soon.
func (r *Resolver) ttl(start *url.URL, a answer) time.Duration {
	if a.err != nil {
		return r.options.NegativeTTL
	}
	if target, err := url.Parse(a.target); a.landed && (err != nil || strings.EqualFold(target.Hostname(), start.Hostname())) {
		return r.options.NegativeTTL
	}
	return r.options.CacheTTL
}
