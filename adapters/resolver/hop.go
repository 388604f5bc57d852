package resolver

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// maxPage is how much of a page is read in search of a redirect, in bytes.
const maxPage = 256 << 10

// userAgent is a browser's: shorteners answer programs with captchas or not at all.
const userAgent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"

// redirect is where a hop leads.
type redirect struct {
	location string
	// certain is false where a browser, which keeps cookies and runs scripts, could be sent
	// elsewhere the next time: then a loop proves nothing.
	certain bool
}

// hop asks for one address and returns where it sends its visitors. It uses GET, because
// some stores refuse HEAD.
func (r *Resolver) hop(ctx context.Context, at *url.URL) (redirect, error) {
	host := strings.ToLower(at.Hostname())
	leave, err := r.hosts.enter(ctx, host)
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, errBusy)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, r.options.HopTimeout)
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s: not a request", links.ErrInconclusive, host)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "pt-BR,pt;q=0.9,en;q=0.5")
	// Not Client.Do: it follows redirects or, told not to, still fails on a Location it cannot
	// parse with an error that repeats it.
	res, err := r.transport.RoundTrip(req)
	if err != nil {
		return redirect{}, fmt.Errorf("%w: %s: %w", links.ErrInconclusive, host, err)
	}
	defer func() { _ = res.Body.Close() }()

	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if location := res.Header.Get("Location"); location != "" {
			return redirect{location, len(res.Header["Set-Cookie"]) == 0}, nil
		}
	case http.StatusOK:
		if !isHTML(res.Header.Get("Content-Type")) {
			return redirect{}, fmt.Errorf("%w: %s ends in a file", links.ErrInconclusive, host)
		}
		if location := redirectOf(io.LimitReader(res.Body, maxPage), at); location != "" {
			return redirect{location: location}, nil
		}
		return redirect{}, fmt.Errorf("%w: %s ends in a page", links.ErrInconclusive, host)
	case http.StatusNotFound, http.StatusGone:
		return redirect{}, fmt.Errorf("%w: %s answered %d", links.ErrDead, host, res.StatusCode)
	}
	return redirect{}, fmt.Errorf("%w: %s answered %d", links.ErrInconclusive, host, res.StatusCode)
}

func isHTML(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "text/html" || t == "application/xhtml+xml")
}
