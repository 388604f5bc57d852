package bunrepository

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// operationsByName is all a repository can be asked, with arguments that rapid draws.
func (w *parallel) operationsByName() map[string]func(*rapid.T) {
	all, steps := map[string]func(*rapid.T){}, map[string]func(*party){}
	add := func(operations map[string]func(p *party)) {
		for name, do := range operations {
			steps[name] = do
			all[name] = func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(w.n("pause", 40)) * time.Second)
				do(&w.parties[w.n("tenant", parties)])
			}
		}
	}
	add(w.accountOperations())
	add(w.accessOperations())
	add(w.groupOperations())
	add(w.inboxOperations())
	add(w.offerOperations())
	add(w.laneOperations())
	add(w.hostingOperations())
	add(w.crossOperations())
	// What leads somewhere, so that programs get far.
	follow := func(names ...string) func(*rapid.T) {
		return func(t *rapid.T) {
			p := &w.parties[w.n("tenant", parties)]
			for _, name := range names {
				steps[name](p)
			}
		}
	}
	steps["journey"] = func(p *party) {
		for _, name := range []string{"accept", "claim", "save offers"} {
			steps[name](p)
		}
	}
	for i := range 3 {
		all[fmt.Sprint("journey ", i)] = follow("journey")
		all[fmt.Sprint("sending ", i)] = follow("ready", "take lane", "begin", "settle")
		all[fmt.Sprint("correction ", i)] = follow("journey", "journey", "edit", "edit", "claim", "save offers", "save offers", "offers")
		all[fmt.Sprint("outcome ", i)] = follow("journey", "ready", "take lane", "begin", "settle", "offers", "offers")
		all[fmt.Sprint("takeback ", i)] = follow("journey", "journey", "delete destination", "create destination", "revoke")
		all[fmt.Sprint("hosting ", i)] = follow("take session", "ask", "answer call")
		all[fmt.Sprint("trouble ", i)] = follow("accept", "claim", "finish", "redrive", "dead")
		all[fmt.Sprint("keys ", i)] = follow("create API key", "use API key")
		all[fmt.Sprint("log-ins ", i)] = follow("begin session", "begin session", "see session", "rotate session")
	}
	return all
}

// n draws a number below limit, each as often as the others.
func (w *parallel) n(what string, limit int) int {
	return rapid.SampledFrom(numbers[:min(limit, len(numbers))]).Draw(w.T, what)
}

var numbers = slices.Collect(func(yield func(int) bool) {
	for i := 0; i < 150 && yield(i); i++ {
	}
})

// pick draws one that is there already or, one time in three, a new one.
func (w *parallel) pick(p *party, kind string) string {
	made := p.made[kind]
	if made == 0 || w.n("new "+kind, 3) == 0 {
		p.made[kind]++
		return name(kind, made)
	}
	return name(kind, w.n(kind, made))
}

func (w *parallel) word(what string) string {
	return rapid.SampledFrom([]string{"", "oferta", "promo", "Ótimo 'x'", "frete"}).Draw(w.T, what)
}

func (w *parallel) later(what string) time.Time {
	return w.now.Add(time.Duration(w.n(what, 120)-30) * time.Second)
}

func (w *parallel) earlier(what string) time.Time {
	return w.now.Add(-time.Duration(w.n(what, 3)) * 10 * time.Minute)
}

func (w *parallel) accountOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"save settings": func(p *party) {
			s := core.DefaultSettings()
			s.Words.Block = []string{w.word("blocked")}
			w.same(p, "save settings", func(t repository.Tenant) (any, error) { return nil, t.Account().SaveSettings(ctx, s) })
		},
		"account": func(p *party) {
			w.same(p, "account", func(t repository.Tenant) (any, error) { return t.Account().Get(ctx) })
		},
		"stats": func(p *party) {
			since := w.later("day")
			w.same(p, "stats", func(t repository.Tenant) (any, error) { return t.Account().Stats(ctx, since) })
		},
		"update instance": func(p *party) {
			checked, status := w.later("checked"), core.InstanceConnected
			if w.n("status", 4) == 0 {
				status = core.InstanceDisconnected
			}
			w.same(p, "update instance", func(t repository.Tenant) (any, error) {
				return t.Instance().Update(ctx, func(i *core.Instance) error {
					i.CheckedAt, i.Status, i.Token = checked, status, core.NewSecret("token of "+string(p.id))
					return nil
				})
			})
		},
		"second instance": func(p *party) {
			second := p.instance(w.now)
			second.ID = core.InstanceID(w.pick(p, "instance"))
			a := w.same(p, "second instance", func(t repository.Tenant) (any, error) { return nil, t.Instance().Create(ctx, second) })
			if a.Code != core.CodeConflict {
				w.Fatalf("a second instance: %s", shown(a))
			}
			w.answers["second instance"]++
		},
		"create tag": func(p *party) {
			tag := core.Tag{
				ID: core.TagID(w.pick(p, "tag")), Store: rapid.SampledFrom([]string{"amazon", "shopee", "magalu"}).Draw(w.T, "store"),
				Fields: map[string]string{"tag": string(p.id)}, CreatedAt: w.now, UpdatedAt: w.now,
			}
			w.same(p, "create tag", func(t repository.Tenant) (any, error) { return nil, t.Tags().Create(ctx, tag) })
		},
		"update tag": func(p *party) {
			id, word := core.TagID(w.pick(p, "tag")), w.word("field")
			w.same(p, "update tag", func(t repository.Tenant) (any, error) {
				return t.Tags().Update(ctx, id, func(x *core.Tag) error { x.Fields = map[string]string{"tag": word}; return nil })
			})
		},
		"delete tag": func(p *party) {
			id := core.TagID(w.pick(p, "tag"))
			w.same(p, "delete tag", func(t repository.Tenant) (any, error) { return nil, t.Tags().Delete(ctx, id) })
		},
		"tags": func(p *party) {
			w.same(p, "tags", func(t repository.Tenant) (any, error) { return t.Tags().List(ctx) })
		},
		"save minted link": func(p *party) {
			m := core.MintedLink{
				Link: fmt.Sprint("https://s.example/", w.n("link", 4)), Store: "shopee", Target: fmt.Sprint("target ", w.n("target", 2)),
				TagPrint: string(p.id), CreatedAt: w.now,
			}
			w.same(p, "save minted link", func(t repository.Tenant) (any, error) { return nil, t.MintedLinks().Save(ctx, m) })
		},
		"minted link": func(p *party) {
			link := fmt.Sprint("https://s.example/", w.n("link", 4))
			w.same(p, "minted link", func(t repository.Tenant) (any, error) { return t.MintedLinks().Get(ctx, link) })
		},
		"find minted link": func(p *party) {
			target, print := fmt.Sprint("target ", w.n("target", 2)), string(w.parties[w.n("whose", parties)].id)
			w.same(p, "find minted link", func(t repository.Tenant) (any, error) {
				return t.MintedLinks().Find(ctx, "shopee", target, print, core.SubID{})
			})
		},
	}
}

func (w *parallel) source(p *party) core.Source {
	return core.Source{
		ID: core.SourceID(w.pick(p, "source")), InstanceID: instanceID, JID: jid(w.n("jid", 4)), Label: w.word("label"),
		Name: w.word("name"), Participants: p.place, Active: w.n("active", 2) == 0, CreatedAt: w.now,
	}
}

func (w *parallel) groupOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"create source": func(p *party) {
			s := w.source(p)
			w.same(p, "create source", func(t repository.Tenant) (any, error) { return nil, t.Sources().Create(ctx, s) })
		},
		"discovered sources": func(p *party) {
			found := []core.Source{w.source(p), w.source(p)}
			w.same(p, "discovered sources", func(t repository.Tenant) (any, error) { return t.Sources().Discovered(ctx, found) })
		},
		"update source": func(p *party) {
			id, label := core.SourceID(w.pick(p, "source")), w.word("label")
			w.same(p, "update source", func(t repository.Tenant) (any, error) {
				return t.Sources().Update(ctx, id, func(s *core.Source) error { s.Label = label; return nil })
			})
		},
		"delete source": func(p *party) {
			id := core.SourceID(w.pick(p, "source"))
			w.same(p, "delete source", func(t repository.Tenant) (any, error) { return nil, t.Sources().Delete(ctx, id) })
		},
		"active source": func(p *party) {
			group := jid(w.n("jid", 4))
			w.same(p, "active source", func(t repository.Tenant) (any, error) { return t.Sources().Active(ctx, group) })
		},
		"sources": func(p *party) {
			w.same(p, "sources", func(t repository.Tenant) (any, error) { return t.Sources().List(ctx) })
		},
		"create destination": func(p *party) {
			d := core.Destination{
				ID: core.DestinationID(name("destination", w.n("destination", 5))), InstanceID: instanceID, JID: jid(w.n("jid", 6)),
				Label: w.word("label"), Active: w.n("active", 3) > 0, CreatedAt: w.now,
			}
			w.same(p, "create destination", func(t repository.Tenant) (any, error) { return nil, t.Destinations().Create(ctx, d) })
		},
		"update destination": func(p *party) {
			id, label := core.DestinationID(w.pick(p, "destination")), w.word("label")
			w.same(p, "update destination", func(t repository.Tenant) (any, error) {
				return t.Destinations().Update(ctx, id, func(d *core.Destination) error { d.Label = label; return nil })
			})
		},
		"delete destination": func(p *party) {
			id := core.DestinationID(name("destination", w.n("destination", 3)))
			w.same(p, "delete destination", func(t repository.Tenant) (any, error) { return nil, t.Destinations().Delete(ctx, id) })
		},
		"destination": func(p *party) {
			id := core.DestinationID(w.pick(p, "destination"))
			w.same(p, "destination", func(t repository.Tenant) (any, error) { return t.Destinations().Get(ctx, id) })
		},
		"destinations": func(p *party) {
			w.same(p, "destinations", func(t repository.Tenant) (any, error) { return t.Destinations().List(ctx) })
		},
	}
}

func (w *parallel) entry(p *party) core.InboxEntry {
	authors := []core.JID{"", "1@lid", "1@s.whatsapp.net", "2@lid"}
	return core.InboxEntry{
		ID: core.InboxID(w.pick(p, "inbox")), InstanceID: instanceID,
		Key:  core.MessageKey{Chat: jid(w.n("chat", 2)), Participant: authors[w.n("author", len(authors))], ID: core.MessageID(fmt.Sprint("M", w.n("message", 12)))},
		Text: w.word("text"), SentAt: w.later("sent"), ReceivedAt: w.now,
	}
}

// claim is one the tenant has, or has had.
func (w *parallel) claim(p *party) core.InboxEntry {
	if len(p.claims) == 0 {
		return core.InboxEntry{ID: core.InboxID(w.pick(p, "inbox")), InstanceID: instanceID, Starts: 1}
	}
	return p.claims[max(0, len(p.claims)-1-w.n("claim", 6))]
}

func (w *parallel) inboxOperations() map[string]func(*party) {
	ctx := context.Background()
	type stored struct {
		ID  core.InboxID
		New bool
	}
	operations := map[string]func(*party){
		"accept": func(p *party) {
			e := w.entry(p)
			w.same(p, "accept", func(t repository.Tenant) (any, error) {
				id, created, err := t.Inbox().Accept(ctx, e)
				return stored{id, created}, err
			})
		},
		"edit": func(p *party) {
			e := w.entry(p)
			w.same(p, "edit", func(t repository.Tenant) (any, error) {
				id, changed, err := t.Inbox().Edit(ctx, e)
				return stored{id, changed}, err
			})
		},
		"revoke": func(p *party) {
			e := w.entry(p)
			w.same(p, "revoke", func(t repository.Tenant) (any, error) { return nil, t.Inbox().Revoke(ctx, e) })
		},
		"claim": func(p *party) {
			at, limit := w.later("at"), 1+w.n("limit", 3)
			a := w.same(p, "claim", func(t repository.Tenant) (any, error) { return t.Inbox().Claim(ctx, at, at.Add(time.Minute), limit) })
			if claimed, ok := a.Value.([]core.InboxEntry); ok {
				p.claims = append(p.claims, claimed...)
			}
		},
		"renew claims": func(p *party) {
			claims, until := []core.InboxEntry{w.claim(p), w.claim(p)}, w.later("until")
			w.same(p, "renew claims", func(t repository.Tenant) (any, error) { return nil, t.Inbox().Renew(ctx, claims, until) })
		},
		"finish": func(p *party) {
			e := w.claim(p)
			e.State = rapid.SampledFrom([]core.InboxState{core.InboxSkipped, core.InboxDead, core.InboxNew, core.InboxDone}).Draw(w.T, "state")
			e.Reason, e.RetryAt = core.ReasonNoContent, w.later("retry")
			w.same(p, "finish", func(t repository.Tenant) (any, error) { return nil, t.Inbox().Finish(ctx, e) })
		},
		"newest": func(p *party) {
			chat := jid(w.n("chat", 2))
			w.same(p, "newest", func(t repository.Tenant) (any, error) { return t.Inbox().Newest(ctx, chat) })
		},
		"dead": func(p *party) {
			w.same(p, "dead", func(t repository.Tenant) (any, error) { return t.Inbox().Dead(ctx, "", 10) })
		},
		"redrive": func(p *party) {
			id := core.InboxID(w.pick(p, "inbox"))
			w.same(p, "redrive", func(t repository.Tenant) (any, error) { return nil, t.Inbox().Redrive(ctx, id, w.now) })
		},
	}
	return operations
}

// save is an outcome of processing a claim.
func (w *parallel) save(p *party) repository.SaveOffer {
	e := w.claim(p)
	e.State = core.InboxDone
	o := core.Offer{
		ID: core.OfferID(w.pick(p, "offer")), InboxID: e.ID, InstanceID: instanceID, Source: e.Key, Text: e.Text,
		FinalText: fmt.Sprint("final ", w.n("final", 3)), ProductKey: fmt.Sprint("amazon:", w.n("product", 6)), Store: "amazon",
		SentAt: e.SentAt, CreatedAt: w.now, UpdatedAt: w.now,
	}
	for range w.n("deliveries", 4) {
		n := w.n("destination", 3)
		d := core.Delivery{
			ID: core.DeliveryID(w.pick(p, "delivery")), DestinationID: core.DestinationID(name("destination", n)), Chat: jid(n),
			Text: o.FinalText, SourceAt: e.SentAt, CreatedAt: w.now, UpdatedAt: w.now,
		}
		o.Deliveries = append(o.Deliveries, d)
	}
	if len(o.Deliveries) == 0 && w.n("held", 2) == 0 {
		o.Hold = &core.Hold{Reason: core.ReasonNoDestination}
	}
	return repository.SaveOffer{
		Entry: e, Offer: o, RepostSince: w.earlier("since"), TextSince: w.earlier("text since"), TextKey: o.FinalText, NearKey: "near", Now: w.now,
	}
}

func (w *parallel) offerOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"save offers": func(p *party) {
			all := []repository.SaveOffer{w.save(p)}
			if w.n("several", 5) == 0 { // seldom, because one that fails takes the others with it
				if s := w.save(p); s.Entry.ID != all[0].Entry.ID {
					all = append(all, s)
				}
			}
			a := w.same(p, "save offers", func(t repository.Tenant) (any, error) { return t.Offers().Save(ctx, all...) })
			saved, _ := a.Value.([]core.Offer)
			for _, o := range saved {
				p.deliveries = append(p.deliveries, o.Deliveries...)
			}
		},
		"offer": func(p *party) {
			id := core.OfferID(w.pick(p, "offer"))
			w.same(p, "offer", func(t repository.Tenant) (any, error) { return t.Offers().Get(ctx, id) })
		},
		"offer by inbox": func(p *party) {
			id := core.InboxID(w.pick(p, "inbox"))
			w.same(p, "offer by inbox", func(t repository.Tenant) (any, error) { return t.Offers().ByInbox(ctx, id) })
		},
		"near": func(p *party) {
			since := w.later("since").Add(-time.Hour)
			w.same(p, "near", func(t repository.Tenant) (any, error) { return t.Offers().Near(ctx, "near", since, 5) })
		},
		"offers": func(p *party) {
			q := repository.OfferQuery{Limit: 1 + w.n("limit", 5), Status: rapid.SampledFrom([]core.OfferStatus{
				"", core.OfferHeld, core.OfferPending, core.OfferSent, core.OfferDiscarded,
			}).Draw(w.T, "status")}
			if w.n("page", 2) == 0 {
				q.Before = core.OfferID(w.pick(p, "offer"))
			}
			w.same(p, "offers", func(t repository.Tenant) (any, error) { return t.Offers().List(ctx, q) })
		},
		"snapshot": func(p *party) {
			type moment struct {
				Ready []repository.Ready
				Stats core.Stats
				Tags  []core.Tag
			}
			w.same(p, "snapshot", func(t repository.Tenant) (any, error) {
				var m moment
				err := t.Snapshot(ctx, func(seen repository.Tenant) (err error) {
					if m.Ready, err = seen.Deliveries().Ready(ctx, 1, 10); err != nil {
						return err
					}
					if m.Stats, err = seen.Account().Stats(ctx, w.now); err != nil {
						return err
					}
					m.Tags, err = seen.Tags().List(ctx)
					return err
				})
				return m, err
			})
		},
	}
}
