// Package links is the port that follows short links to the page behind them.
package links

import (
	"context"
	"errors"
)

// Resolver follows redirects.
//
// Implementations must refuse to connect to private, loopback or otherwise special
// addresses on every hop, carry no cookies between calls, and bound hops, bytes and time.
type Resolver interface {
	// Resolve follows link hop by hop and returns the first URL for which stop is true,
	// without fetching that URL. It returns ErrDead when the link certainly leads nowhere
	// (such as 404 or 410, or a loop) and ErrInconclusive for everything else, which is
	// worth another try later: timeouts, captchas, server errors, and a chain that ends on
	// a page stop never accepted.
	Resolve(ctx context.Context, link string, stop func(url string) bool) (string, error)
}

// ErrDead says that a link certainly leads nowhere.
var ErrDead = errors.New("the short link leads nowhere")

// ErrInconclusive says that nothing is proven about a link; a later try may succeed.
var ErrInconclusive = errors.New("the short link could not be followed")
