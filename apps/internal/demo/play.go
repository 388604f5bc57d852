package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// play has Ana write, one message after the other, and shows what each group received and
// what was held back, in the words the customers read.
func (s *stage) play(ctx context.Context) error {
	s.chapter("2 · Ana posta no grupo dela; cada cliente reposta com os próprios links")
	picture, err := photo()
	if err != nil {
		return err
	}
	for i, p := range posts {
		before := len(s.world.Posted())
		if p.cut {
			// The first message leaves, and then the connection breaks instead of an answer.
			s.evolution.Next(fakeevolution.Reset().AfterPosting())
		}
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
		s.say("\n %s %s", s.paint(bold, fmt.Sprintf("%d.", i+1)), s.paint(bold, p.title))
		s.message(s.paint(dim, "ANTES  Ana Ofertas escreveu"), p.text, red, p.photo)
		if err := s.after(ctx, p, s.received(before+1)); err != nil {
			return err
		}
	}
	return nil
}

// after shows what became of a message.
func (s *stage) after(ctx context.Context, p post, received []copies) error {
	read, held := "", []string{}
	who := map[string][]string{} // by the reason that held it
	for _, a := range s.actors {
		list, err := a.offers(ctx)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Text != p.text {
				continue
			}
			if read == "" {
				read = o.read()
			}
			if why := o.why(); why != "" {
				if who[why] == nil {
					held = append(held, why)
				}
				who[why] = append(who[why], a.customer.name)
				a.held++
			}
		}
	}
	if read != "" {
		s.say("   %s", s.paint(cyan, "LIDO   "+read))
	}
	for _, c := range received {
		s.message(s.paint(bold, "DEPOIS "+strings.Join(c.groups, " e ")), c.Text, green, c.Media != nil)
	}
	for _, why := range held {
		s.say("   %s", s.paint(yellow, "RETIDO "+strings.Join(who[why], " e ")+": "+why))
	}
	if len(received) == 0 && len(held) == 0 {
		s.say("   %s", s.paint(yellow, "DEPOIS nada: não é uma oferta"))
	}
	if p.cut && !slices.ContainsFunc(s.evolution.Calls(), func(c fakeevolution.Call) bool { return c.Status == 0 }) {
		return errors.New("no answer was lost, so nothing was shown")
	}
	if p.note != "" {
		s.say("   %s", s.paint(cyan, "→ "+p.note))
	}
	return nil
}

// copies is one text and the groups that received it.
type copies struct {
	fakewhatsapp.Post
	groups []string
}

// received lists what came into the customers' groups since the ledger had n entries, in
// the order of the story.
func (s *stage) received(n int) []copies {
	var list []copies
	for _, a := range s.actors {
		for _, g := range a.groups {
			for _, p := range s.world.Posted()[n:] {
				if p.Group != g.JID() {
					continue
				}
				if last := len(list) - 1; last >= 0 && list[last].Text == p.Text {
					list[last].groups = append(list[last].groups, g.Info().Subject)
				} else {
					list = append(list, copies{Post: p, groups: []string{g.Info().Subject}})
				}
			}
		}
	}
	return list
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
			err := a.Call(ctx, http.MethodGet, "/dashboard/stats", nil, &stats)
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

// sumUp counts from the ledger of the simulated WhatsApp, not from our own tables.
func (s *stage) sumUp() error {
	s.chapter("3 · Conferência no livro-caixa do WhatsApp, não nas nossas tabelas")
	foreign, repeated := 0, 0
	for _, a := range s.actors {
		for _, g := range a.groups {
			received := s.world.PostedIn(g.JID())
			own, seen := 0, map[string]bool{}
			for _, p := range received {
				if a.owns(p.Text) {
					own++
				}
				if seen[p.Text] {
					repeated++
				}
				seen[p.Text] = true
			}
			foreign += len(received) - own
			s.say("   %-24s %d mensagens, %s", g.Info().Subject, len(received),
				s.paint(green, fmt.Sprintf("%d com os links de %s", own, a.customer.name)))
		}
	}
	s.say("   %s", s.paint(bold, fmt.Sprintf("links de outra pessoa: %d · mensagens repetidas: %d", foreign, repeated)))
	for _, a := range s.actors {
		s.say("   ofertas retidas de %s: %d, cada uma com o seu motivo", a.customer.name, a.held)
	}
	if foreign > 0 || repeated > 0 {
		return fmt.Errorf("%d messages left with somebody else's link, %d left twice", foreign, repeated)
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
	s.say("   painel         %s   abra no navegador, entre e aperte “Simular uma oferta”", s.paint(bold, s.base))
	s.say("   documentação   %s/docs", s.base)
	for _, a := range s.actors {
		s.say("   conta          %s, senha %s", a.email, password)
	}
	s.say("\n   token=$(curl -s %s/api/v1/users/login -d username=%s -d password=%s | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
		s.base, s.actors[0].email, password)
	s.say("   curl -s %s/api/v1/offers -H \"authorization: Bearer $token\"", s.base)
	s.say("\n   A demonstração posta na hora; de verdade há de 20 a 45 s entre mensagens, para proteger o número.")
	s.say("   Com o seu WhatsApp: autopromo serve (ou make run) e o README.")
	s.say("   Ctrl+C encerra.")
}
