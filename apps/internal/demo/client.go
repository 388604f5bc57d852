package demo

import (
	"context"
	"net/http"
	"strings"

	"github.com/autopromo-cloud/autopromo/apps/internal/rest"
	"github.com/autopromo-cloud/autopromo/core"
)

// client is a customer's.
type client struct{ *rest.Client }

// login registers a customer and returns a client of theirs.
func login(ctx context.Context, base string, c customer) (*client, error) {
	api, err := rest.Register(ctx, base, c.email, password, c.name)
	return &client{api}, err
}

// offer is what the story shows of an offer.
type offer struct {
	ID      string   `json:"id"`
	Status  string   `json:"status"`
	Store   string   `json:"store_slug"`
	Price   string   `json:"price"`
	Coupons []string `json:"coupons"`
	Text    string   `json:"raw_text"`
	Hold    *struct {
		Detail string `json:"detail"`
	} `json:"hold"`
	Deliveries []struct {
		State  string `json:"state"`
		Detail string `json:"detail"`
	} `json:"deliveries"`
}

// why says what kept the offer from a group, "" when every group has it.
func (o offer) why() string {
	if o.Hold != nil {
		return o.Hold.Detail
	}
	for _, d := range o.Deliveries {
		if d.State != string(core.DeliverySent) {
			return d.Detail
		}
	}
	return ""
}

// read says what the server understood of the text.
func (o offer) read() string {
	var parts []string
	for _, part := range []string{o.Store, o.Price} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, coupon := range o.Coupons {
		parts = append(parts, "cupom "+coupon)
	}
	return strings.Join(parts, " · ")
}

func (c *client) offers(ctx context.Context) (list []offer, err error) {
	var page struct {
		Items []offer `json:"items"`
	}
	err = c.Call(ctx, http.MethodGet, "/offers?limit=100", nil, &page)
	return page.Items, err
}
