package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// play has Ana write, one message after the other, and shows what each group received.
func (s *stage) play(ctx context.Context) error {
	s.chapter("2 · Ana posta no grupo dela; cada cliente reposta com os próprios links")
	picture, err := photo()
	if err != nil {
		return err
	}
	for i, p := range posts {
		before := len(s.world.Posted())
		if p.photo {
			_, err = s.ana.PostMedia(s.source.JID(), picture, p.text)
		} else {
			_, err = s.ana.PostText(s.source.JID(), p.text)
		}
		if err != nil {
			return err
		}
		if err := s.settled(ctx, i+1); err != nil {
			return err
		}
		received := s.received(before + 1)
		s.say("\n %s %s", s.paint(bold, fmt.Sprintf("%d.", i+1)), p.title)
		s.message(s.paint(dim, "ANTES  Ana Ofertas escreveu"), p.text, red, p.photo)
		if read, err := s.understood(ctx, p.text); err != nil {
			return err
		} else if read != "" {
			s.say("   %s", s.paint(cyan, "LIDO   "+read))
		}
		for _, r := range received {
			s.message(s.paint(bold, "DEPOIS "+s.world.Group(r.Group).Info().Subject), r.Text, green, r.Media != nil)
		}
		if len(received) == 0 {
			s.say("   %s", s.paint(yellow, "DEPOIS nenhum grupo recebeu nada"))
		}
	}
	return nil
}

// received lists what came into the customers' groups since the ledger had n entries,
// group by group in the order of the story.
func (s *stage) received(n int) []fakewhatsapp.Post {
	var list []fakewhatsapp.Post
	for _, a := range s.actors {
		for _, g := range a.groups {
			for _, p := range s.world.Posted()[n:] {
				if p.Group == g.JID() {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// understood says what the server read in a message, in the first customer's view.
func (s *stage) understood(ctx context.Context, text string) (string, error) {
	list, err := s.actors[0].offers(ctx)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, o := range list {
		if o.Text != text {
			continue
		}
		if o.Store != "" {
			parts = append(parts, o.Store)
		}
		if o.Price != "" {
			parts = append(parts, o.Price)
		}
		for _, c := range o.Coupons {
			parts = append(parts, "cupom "+c)
		}
	}
	return strings.Join(parts, " · "), nil
}

// settled waits until every customer has dealt with so many messages and nothing waits.
func (s *stage) settled(ctx context.Context, messages int) error {
	for _, a := range s.actors {
		err := s.until(ctx, "settled", func() (bool, error) {
			var stats struct {
				Queue int            `json:"total_queue"`
				Inbox map[string]int `json:"inbox"`
				All   map[string]int `json:"deliveries"`
			}
			err := a.call(ctx, http.MethodGet, "/dashboard/stats", nil, &stats)
			ended := stats.Inbox["done"] + stats.Inbox["skipped"]
			busy := stats.Queue + stats.All["dispatching"] + stats.All["ambiguous"]
			return ended >= messages && busy == 0, err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", a.customer.name, err)
		}
	}
	return nil
}

// holds shows what stayed back, in the words the customers read.
func (s *stage) holds(ctx context.Context) error {
	s.chapter("3 · O que não saiu, e por quê")
	for _, a := range s.actors {
		list, err := a.offers(ctx)
		if err != nil {
			return err
		}
		for i := len(list) - 1; i >= 0; i-- {
			o := list[i]
			why := ""
			if o.Hold != nil {
				why = o.Hold.Detail
			}
			for _, d := range o.Deliveries {
				if why == "" && d.State != string(core.DeliverySent) {
					why = d.Detail
				}
			}
			if why != "" {
				first, _, _ := strings.Cut(o.Text, "\n")
				s.say("   %-12s %s\n     %s %s", a.customer.name, s.paint(dim, first), s.paint(yellow, "→"), why)
			}
		}
	}
	return nil
}

// sumUp counts from the ledger of the simulated WhatsApp, not from our own tables.
func (s *stage) sumUp() error {
	s.chapter("4 · Conferência no livro-caixa do WhatsApp")
	foreign := 0
	for _, a := range s.actors {
		for _, g := range a.groups {
			received := s.world.PostedIn(g.JID())
			own := 0
			for _, p := range received {
				if a.owns(p.Text) {
					own++
				}
			}
			foreign += len(received) - own
			s.say("   %-24s %d mensagens, %s", g.Info().Subject, len(received),
				s.paint(green, fmt.Sprintf("%d com os links de %s", own, a.customer.name)))
		}
	}
	s.say("   %s", s.paint(bold, fmt.Sprintf("links de outra pessoa: %d", foreign)))
	if foreign > 0 {
		return fmt.Errorf("%d messages left with somebody else's link", foreign)
	}
	return nil
}

// owns says whether every link of a text carries one of the customer's marks.
func (a *actor) owns(text string) bool {
	links := 0
	for _, word := range strings.Fields(text) {
		if !strings.HasPrefix(word, "https://") {
			continue
		}
		links++
		mine := false
		for _, mark := range a.marks {
			mine = mine || strings.Contains(word, mark)
		}
		if !mine {
			return false
		}
	}
	return links > 0
}

// invite says how to go on.
func (s *stage) invite() {
	s.chapter("Agora é com você")
	s.say("   servidor       %s", s.paint(bold, s.base))
	s.say("   documentação   %s/docs", s.base)
	for _, a := range s.actors {
		s.say("   conta          %s, senha %s", a.email, password)
	}
	s.say("\n   token=$(curl -s %s/api/v1/users/login -d username=%s -d password=%s | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
		s.base, s.actors[0].email, password)
	s.say("   curl -s %s/api/v1/offers -H \"authorization: Bearer $token\"", s.base)
	s.say("\n   A demonstração posta na hora; de verdade há de 20 a 45 s entre mensagens, para proteger o número.")
	s.say("   Ctrl+C encerra.")
}
