package httpapi

import (
	"net/http"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	consolePage = 25 // items on a page of a list
	pricesShown = 12 // offers of one product
)

func (v *visit) showOffers() error {
	page := console.Offers{Status: core.OfferStatus(v.Query("status")), Later: v.Query("cursor") != ""}
	list := "console offers " + string(page.Status)
	before, err := openCursor[core.OfferID](v.server, v.view.Account.ID, list, v.Query("cursor"))
	if err != nil {
		return err
	}
	page.Items, err = v.tenant.Offers(v.ctx, repository.OfferQuery{Status: page.Status, Before: before, Limit: consolePage + 1})
	if err != nil {
		return err
	}
	if len(page.Items) > consolePage {
		page.Items = page.Items[:consolePage]
		page.Next = sealCursor(v.server, v.view.Account.ID, list, page.Items[consolePage-1].ID)
	}
	return v.show(http.StatusOK, v.view.Offers(page))
}

func (v *visit) showOffer() error {
	id, err := parseID[core.OfferID](v.Param("id"))
	if err != nil {
		return err
	}
	var page console.Offer
	if page.Offer, err = v.tenant.Offer(v.ctx, id); err != nil {
		return err
	}
	if page.Groups, err = v.groupLabels(); err != nil {
		return err
	}
	if page.ProductKey != "" {
		page.Prices, err = v.tenant.Offers(v.ctx, repository.OfferQuery{Product: page.ProductKey, Limit: pricesShown})
		if err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, v.view.Offer(page))
}

func (v *visit) retryDelivery() error {
	id, err := parseID[core.DeliveryID](v.Param("id"))
	if err == nil {
		_, err = v.tenant.RetryDelivery(v.ctx, id)
	}
	return v.decided(err, "retried")
}

func (v *visit) cancelDelivery() error {
	id, err := parseID[core.DeliveryID](v.Param("id"))
	if err == nil {
		_, err = v.tenant.CancelDelivery(v.ctx, id)
	}
	return v.decided(err, "cancelled")
}

// decided ends a person's decision about one thing. One that is not there has no page to go
// back to.
func (v *visit) decided(err error, done word) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, localPath(v.field("back")), done)
}

func (v *visit) showAttention() error {
	const list = "console dead letters"
	before, err := openCursor[core.InboxID](v.server, v.view.Account.ID, list, v.Query("cursor"))
	if err != nil {
		return err
	}
	stats, err := v.tenant.Stats(v.ctx)
	if err != nil {
		return err
	}
	page := console.Attention{Held: console.Tallies(stats.HeldByReason)}
	if page.Dead, err = v.tenant.DeadLetters(v.ctx, before, consolePage+1); err != nil {
		return err
	}
	if len(page.Dead) > consolePage {
		page.Dead = page.Dead[:consolePage]
		page.NextDead = sealCursor(v.server, v.view.Account.ID, list, page.Dead[consolePage-1].ID)
	}
	page.Offers, err = v.tenant.Offers(v.ctx, repository.OfferQuery{Status: core.OfferHeld, Limit: latestOffers})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Attention(page))
}

func (v *visit) redrive() error {
	id, err := parseID[core.InboxID](v.Param("id"))
	if err == nil {
		err = v.tenant.Redrive(v.ctx, id)
	}
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, "/attention", "redriven")
}

func (v *visit) showPreview() error { return v.show(http.StatusOK, v.view.Preview(console.Preview{})) }

func (v *visit) preview() error {
	// Browsers send line ends as CR LF; WhatsApp knows LF.
	page := console.Preview{Text: strings.ReplaceAll(v.field("text"), "\r\n", "\n")}
	result, err := v.tenant.Preview(v.ctx, page.Text)
	if _, sentence, ok := v.refused(err); ok {
		page.Fault = sentence
		return v.show(http.StatusUnprocessableEntity, v.view.Preview(page))
	} else if err != nil {
		return err
	}
	page.Result = &result
	return v.show(http.StatusOK, v.view.Preview(page))
}

// groupLabels are the labels of the groups that are posted to.
func (v *visit) groupLabels() (map[core.DestinationID]string, error) {
	destinations, err := v.tenant.Destinations(v.ctx)
	labels := make(map[core.DestinationID]string, len(destinations))
	for _, d := range destinations {
		labels[d.ID] = d.Label
	}
	return labels, err
}
