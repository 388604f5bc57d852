package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// client uses the server's public API, exactly as a person with curl would.
type client struct {
	base  string
	token string
}

// login registers a customer and returns a client of theirs.
func login(ctx context.Context, base string, c customer) (*client, error) {
	api := &client{base: base}
	err := api.call(ctx, http.MethodPost, "/users/register", map[string]string{
		"email": c.email, "password": password, "full_name": c.name,
	}, nil)
	if err != nil {
		return nil, err
	}
	form := url.Values{"username": {c.email}, "password": {password}}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = api.do(ctx, http.MethodPost, "/users/login", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), &answer)
	api.token = answer.AccessToken
	return api, err
}

func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	return c.do(ctx, method, path, "application/json", body, out)
}

func (c *client) do(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		var problem struct {
			Detail string `json:"detail"`
		}
		_ = json.Unmarshal(answer, &problem)
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, problem.Detail)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
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
	err = c.call(ctx, http.MethodGet, "/offers?limit=100", nil, &page)
	return page.Items, err
}
