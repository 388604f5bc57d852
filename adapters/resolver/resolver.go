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
	// MaxHops is the most requests per link. Default: 8.
	MaxHops int
	// HopTimeout bounds one request, Total a whole chain. Defaults: 5 s and 8 s.
	HopTimeout, Total time.Duration
	// CacheTTL is how long an answer is kept, NegativeTTL how long a failure. Defaults:
	// 24 h and 2 min.
	CacheTTL, NegativeTTL time.Duration
	// CacheSize is the most answers and failures kept. Default: 10,000.
	CacheSize int
	// Logger receives failures with the host of the link, never its path or query.
	// Default: discard.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxHops, 8)
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
	flights   singleflight.Group
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
	}, nil
}

// errBusy is a failure that says something about us, not about the link: it is not kept.
var errBusy = errors.New("too many requests to this host are under way")

// Resolve implements [links.Resolver]. Calls for the same link at the same time share the
// requests and the first caller's stop, so stop must depend on the URL alone.
func (r *Resolver) Resolve(ctx context.Context, link string, stop func(url string) bool) (string, error) {
	start, err := parse(link)
	if err != nil {
		return "", fmt.Errorf("%w: %w", links.ErrDead, err)
	}
	if stop(link) {
		return link, nil
	}
	if known, ok := r.cache.get(link, time.Now()); ok && (known.err != nil || stop(known.target)) {
		return known.target, known.err
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("%w: %w", links.ErrInconclusive, err)
	}
	// The chain outlives a caller who leaves: others may wait for it, and Total bounds it.
	flight := r.flights.DoChan(link, func() (any, error) {
		chain, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.options.Total)
		defer cancel()
		return r.resolve(chain, link, start, stop)
	})
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", links.ErrInconclusive, ctx.Err())
	case result := <-flight:
		target, _ := result.Val.(string)
		return target, result.Err
	}
}

// resolve follows the chain and keeps the outcome.
func (r *Resolver) resolve(ctx context.Context, link string, start *url.URL, stop func(string) bool) (string, error) {
	target, err := r.follow(ctx, start, stop)
	ttl := r.options.CacheTTL
	if err != nil {
		r.options.Logger.DebugContext(ctx, "short link not resolved", "host", start.Hostname(), "error", err)
		ttl = r.options.NegativeTTL
	}
	if !errors.Is(err, errBusy) && len(link)+len(target) <= maxKept {
		r.cache.put(link, answer{target, err}, time.Now().Add(ttl))
	}
	return target, err
}

func (r *Resolver) follow(ctx context.Context, at *url.URL, stop func(string) bool) (string, error) {
	seen := map[string]bool{}
	certain := true
	for range r.options.MaxHops {
		page := *at
		page.Fragment, page.RawFragment = "", "" // the server never sees it
		if seen[page.String()] {
			if !certain {
				return "", fmt.Errorf("%w: %s wants a browser", links.ErrInconclusive, at.Hostname())
			}
			return "", fmt.Errorf("%w: %s redirects in a loop", links.ErrDead, at.Hostname())
		}
		seen[page.String()] = true

		to, err := r.hop(ctx, at)
		if err != nil {
			return "", err
		}
		certain = certain && to.certain
		next, err := at.Parse(to.location)
		if err == nil {
			next, err = parse(next.String())
		}
		if err != nil {
			// The cause would repeat the address, which is somebody's link.
			return "", fmt.Errorf("%w: %s redirects to no web address", links.ErrInconclusive, at.Hostname())
		}
		if target := next.String(); stop(target) {
			return target, nil
		}
		at = next
	}
	return "", fmt.Errorf("%w: more than %d redirects", links.ErrInconclusive, r.options.MaxHops)
}

// parse accepts absolute http and https URLs without user information.
func parse(link string) (*url.URL, error) {
	if len(link) > maxURL {
		return nil, errors.New("the address is too long")
	}
	u, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("not an address")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return nil, errors.New("not a plain web address")
	}
	return u, nil
}
