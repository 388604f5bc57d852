package resolver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// maxPage is how much of a page is read in search of a redirect, in bytes: a page that only
// sends its visitors on is small.
const maxPage = 256 << 10

// userAgent is a browser's, because shorteners answer programs with captchas or not at all,
// and a desktop's, because telephones are sent to apps: links of AppsFlyer (onelink.me) name a
// web address for desktops and an app store for the rest, and Mercado Livre shows telephones
// a page about its app.
const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

// redirect is where a hop leads.
type redirect struct {
	// location is "" for a page that sends nobody on.
	location string
	// certain is false where a browser, which keeps cookies and runs scripts, could be sent
	// elsewhere the next time: then a loop proves nothing.
	certain bool
	// shown is set where the page shows the location without sending anybody there: it
	// counts only for a caller who wants exactly that.
	shown bool
}

// hop asks for one address, when its host has a place free and does not want to be left
// alone, and returns where it sends its visitors.
func (r *Resolver) hop(ctx context.Context, at *url.URL) (redirect, error) {
	host := strings.ToLower(at.Hostname())
	if r.rests.resting(host, time.Now()) {
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, errResting)
	}
	leave, err := r.hosts.enter(ctx, host)
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, errBusy)
	}
	defer leave()
	if r.rests.resting(host, time.Now()) { // since those before us asked
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, errResting)
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.HopTimeout)
	defer cancel()

	res, err := r.get(ctx, at)
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, err)
	}
	defer func() { _ = res.Body.Close() }()
	now := time.Now()
	if refusesUs(res.StatusCode) {
		if r.rests.refused(host, retryAfter(res.Header.Get("Retry-After"), now), now) {
			r.counters.hostRests.Add(1)
		}
		return redirect{}, fmt.Errorf("%w: %s answered %d: %w", links.ErrInconclusive, host, res.StatusCode, errResting)
	}
	r.rests.served(host, now)
	return redirectIn(res, at)
}

// get makes one request. It is a GET, because some stores refuse HEAD, and it does not go
// through Client.Do, which follows redirects or, told not to, still fails on a Location it
// cannot parse with an error that repeats it.
func (r *Resolver) get(ctx context.Context, at *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errors.New("not a request") // the cause would repeat the address
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "pt-BR,pt;q=0.9,en;q=0.5")
	r.counters.requests.Add(1)
	res, err := r.transport.RoundTrip(req)
	if err != nil && r.options.Blocked != nil && errors.Is(err, r.options.Blocked) {
		r.counters.refused.Add(1)
	}
	return res, err
}

// redirectIn judges an answer from the address at.
func redirectIn(res *http.Response, at *url.URL) (redirect, error) {
	host := strings.ToLower(at.Hostname())
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if location := res.Header.Get("Location"); location != "" {
			return redirect{location: location, certain: len(res.Header["Set-Cookie"]) == 0}, nil
		}
	case http.StatusOK:
		return redirectOfPage(res, at)
	case http.StatusNotFound, http.StatusGone:
		return redirect{}, fmt.Errorf("%w: %s answered %d", links.ErrDead, host, res.StatusCode)
	}
	return redirect{}, fmt.Errorf("%w: %s answered %d", links.ErrInconclusive, host, res.StatusCode)
}

// redirectOfPage judges a page. One that cannot be read to its end, or to the limit, proves
// nothing: the redirect may be in the rest.
func redirectOfPage(res *http.Response, at *url.URL) (redirect, error) {
	if location := refreshTarget(res.Header.Get("Refresh")); location != "" {
		return redirect{location: location}, nil
	}
	if !isHTML(res.Header.Get("Content-Type")) {
		return redirect{}, nil
	}
	if coding := res.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return redirect{}, fmt.Errorf("%w: %s answered in a coding not asked for", links.ErrInconclusive, strings.ToLower(at.Hostname()))
	}
	limit := maxPage
	if isShowcase(at) {
		limit = maxShowcase
	}
	page, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)))
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s broke off", links.ErrInconclusive, strings.ToLower(at.Hostname()))
	}
	if isShowcase(at) {
		if len(page) == limit {
			return redirect{}, nil // another product may be in the rest
		}
		return redirect{location: featuredProduct(page, at), shown: true}, nil
	}
	return redirect{location: redirectOf(bytes.NewReader(page), at)}, nil
}

// isHTML also accepts a page without a type, as browsers do.
func isHTML(contentType string) bool {
	if contentType == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "text/html" || t == "application/xhtml+xml")
}
