package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// follow goes from address to address until stop accepts one or a page sends nobody on.
func (r *Resolver) follow(ctx context.Context, at *url.URL, stop func(string) bool) answer {
	seen := map[string]bool{}
	certain := true
	for range r.options.MaxHops {
		page := *at
		page.Fragment, page.RawFragment = "", "" // the server never sees it
		if seen[page.String()] {
			if !certain {
				return answer{err: fmt.Errorf("%w: %s wants a browser", links.ErrInconclusive, at.Hostname())}
			}
			return answer{err: fmt.Errorf("%w: %s redirects in a loop", links.ErrDead, at.Hostname())}
		}
		seen[page.String()] = true

		to, err := r.hop(ctx, at)
		if err != nil {
			return answer{err: err}
		}
		if to.location == "" {
			return answer{target: at.String(), landed: true}
		}
		certain = certain && to.certain
		next, err := at.Parse(to.location)
		if err == nil {
			next, err = parse(next.String())
		}
		if err != nil {
			// The cause would repeat the address, which is somebody's link.
			return answer{err: fmt.Errorf("%w: %s redirects to no web address", links.ErrInconclusive, at.Hostname())}
		}
		if target := next.String(); stop(target) {
			return answer{target: target}
		}
		if to.shown {
			return answer{target: at.String(), landed: true}
		}
		at = next
	}
	return answer{err: fmt.Errorf("%w: more than %d redirects", links.ErrInconclusive, r.options.MaxHops)}
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
