package httpapi

import (
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// latestOffers is how many offers the first page shows.
const latestOffers = 6

func (v *visit) showHome() error {
	var page console.Home
	var err error
	if page.Offers, err = v.tenant.Offers(v.ctx, repository.OfferQuery{Limit: latestOffers}); err != nil {
		return err
	}
	// After the offers: the first steps must not ask for one that is shown as sent.
	if page.Stats, err = v.tenant.Stats(v.ctx); err != nil {
		return err
	}
	if page.Activity, err = v.tenant.Activity(v.ctx, console.ChartStart(v.view.Now), time.Hour); err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Home(page))
}

// play has the demo's own world produce an offer.
func (v *visit) play() error {
	return v.act(v.options.Demo(v.ctx), "/", "played")
}
