// Package links are the ports that work on links over the network: a [Resolver] follows
// short links to the page behind them, a [Minter] has a store make affiliate links.
package links

import (
	"context"
	"errors"

	"github.com/autopromo-cloud/autopromo/core"
)

// Resolver follows redirects.
//
// Implementations must refuse to connect to private, loopback or otherwise special
// addresses on every hop, carry no cookies between calls, and bound hops, bytes and time.
type Resolver interface {
	// Resolve follows link hop by hop and returns the first URL for which stop is true,
	// without fetching that URL. A chain that ends on a page, which sends nobody on, is
	// answered with that page's address: the caller decides what it is worth.
	//
	// It returns ErrDead when the link certainly leads nowhere (such as 404 or 410, or a
	// loop) and ErrInconclusive for everything else, which is worth another try later:
	// timeouts, refusals, server errors.
	//
	// stop must depend on the URL alone: calls for one link may share their work.
	Resolve(ctx context.Context, link string, stop func(url string) bool) (string, error)
}

// ErrDead says that a link certainly leads nowhere.
var ErrDead = errors.New("the short link leads nowhere")

// ErrInconclusive says that nothing is proven about a link; a later try may succeed.
var ErrInconclusive = errors.New("the short link could not be followed")

// Minter has one store's API make affiliate links.
//
// Implementations must never put the credentials in the tag into an error or a log, and
// must bound time. They may repeat a call that failed for a moment: a link made twice harms
// nobody.
type Minter interface {
	// Store is the slug of the store whose links are made.
	Store() string
	// Mint returns the link that the store made for the target, as it answered; an answer
	// that is not of the form, or not on the host, of the store's own links is an error. It
	// returns ErrRefused when the same request will certainly be refused again, such as wrong
	// credentials or a page outside the programme; any other error may pass.
	Mint(ctx context.Context, r MintRequest) (string, error)
}

// MintRequest asks for one link.
type MintRequest struct {
	// Target is the clean address to link to.
	Target string
	// Tag holds the tenant's credentials.
	Tag core.Tag
	// SubID is what the programme is to report; the zero value asks for none.
	SubID core.SubID
}

// ErrRefused says that the store will not make this link.
var ErrRefused = errors.New("the store refuses to make this link")
