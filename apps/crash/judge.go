package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// offer is what a customer can read of one.
type offer struct {
	RawText    string `json:"raw_text"`
	Deliveries []struct {
		Group   string `json:"destination_group_id"`
		State   string `json:"state"`
		Attempt int    `json:"attempt"`
	} `json:"deliveries"`
}

// offers reads all of a customer's.
func (c *customer) offers(ctx context.Context) (all []offer, err error) {
	cursor := ""
	for {
		var page struct {
			Items []offer `json:"items"`
			Next  *string `json:"next_cursor"`
		}
		if err := c.Call(ctx, http.MethodGet, "/offers?limit=100&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all, nil
		}
		cursor = *page.Next
	}
}

var numbered = regexp.MustCompile(`^Oferta (\d+), corre!\n`)

// number is which message a text is of, 0 for none of ours.
func number(text string) int {
	found := numbered.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// place is a message in a group.
type place struct {
	message int
	group   core.JID
}

// judge counts what became of the messages after number since. The ledger of the simulated
// WhatsApp says what was posted; the customers' own view explains the rest.
func (s *stage) judge(ctx context.Context, since int) (r result, err error) {
	posts := map[place]int{}
	owner := map[core.JID]*customer{}
	for _, c := range s.customers {
		for _, g := range c.groups {
			owner[g.JID()] = c
		}
	}
	for _, p := range s.world.Posted() {
		if p.Via == "" {
			continue // written on a phone
		}
		c, n := owner[p.Group], number(p.Text)
		if n != 0 && n <= since {
			continue
		}
		if c == nil || n == 0 || p.Via != c.session || p.Text != offerText(n, c.tag()) {
			r.Foreign++
			continue
		}
		posts[place{n, p.Group}]++
	}
	r.Messages = s.written - since
	for _, c := range s.customers {
		list, err := c.offers(ctx)
		if err != nil {
			return r, err
		}
		known := map[place]string{}
		for _, o := range list {
			n := number(o.RawText)
			if n <= since {
				continue
			}
			for _, d := range o.Deliveries {
				known[place{n, core.JID(d.Group)}] = d.State
			}
		}
		s.tally(&r, c, since, posts, known)
	}
	r.Profile, r.InFlight = s.profile, s.meter.take()
	return r, nil
}

// tally compares a customer's due deliveries with what was posted and what the customer can
// see.
func (s *stage) tally(r *result, c *customer, since int, posts map[place]int, known map[place]string) {
	for _, n := range s.due(c, since) {
		for _, g := range c.groups {
			at := place{n, g.JID()}
			r.Due++
			switch posted, state := posts[at], known[at]; {
			case posted > 1:
				r.Duplicated++
			case state == string(core.DeliveryUnconfirmed):
				r.Unconfirmed++
				r.Really += posted
			case posted == 1:
				r.Posted++
				if state != string(core.DeliverySent) {
					r.Broken = fmt.Sprintf("message %d is posted and %q to its owner", n, state)
				}
			default:
				r.Lost++
				r.why = fmt.Sprintf("message %d is lost, %s", n, s.told(c, n))
			}
		}
	}
}

// told says what became of the webhooks of a message: what the provider gave up on never
// reached the product.
func (s *stage) told(c *customer, message int) string {
	for _, p := range s.world.PostedIn(c.source.JID()) {
		if number(p.Text) != message {
			continue
		}
		for _, d := range s.evolution.Deliveries() {
			if d.MessageID == p.ID && d.Instance == c.session {
				return fmt.Sprintf("its %s was answered %v, %s", d.Event, d.Statuses, d.Outcome)
			}
		}
	}
	return "the provider never told of it"
}

// due lists the messages that Ana wrote for a customer after number since.
func (s *stage) due(c *customer, since int) (all []int) {
	for _, p := range s.world.PostedIn(c.source.JID()) {
		if n := number(p.Text); p.Author == s.ana.JID() && n > since {
			all = append(all, n)
		}
	}
	return all
}

// posted lists the product's posts in a group, oldest first.
func (s *stage) posted(g *fakewhatsapp.Group) (all []fakewhatsapp.Post) {
	for _, p := range s.world.PostedIn(g.JID()) {
		if p.Via != "" {
			all = append(all, p)
		}
	}
	return all
}
