package bunrepository

import (
	"context"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (w *parallel) call() repository.Call {
	return repository.Call{Op: w.word("op"), Session: w.word("session"), Argument: w.word("argument"), AskedAt: w.now}
}

func (w *parallel) hostingOperations() map[string]func(*party) {
	ctx := context.Background()
	holder := func() string { return rapid.SampledFrom([]string{"holder", "other"}).Draw(w.T, "host") }
	return map[string]func(*party){
		"take session": func(p *party) {
			h, until := holder(), w.later("until")
			a := w.same(p, "take session", func(t repository.Tenant) (any, error) { return t.Hosting().Take(ctx, h, w.now, until) })
			if host, ok := a.Value.(core.Host); ok && host.Holder != "" {
				p.host = host
			}
		},
		"keep session": func(p *party) {
			until := w.later("until")
			w.same(p, "keep session", func(t repository.Tenant) (any, error) { return nil, t.Hosting().Keep(ctx, p.host, until) })
		},
		"leave session": func(p *party) {
			next := w.later("next")
			w.same(p, "leave session", func(t repository.Tenant) (any, error) { return nil, t.Hosting().Leave(ctx, p.host, next) })
		},
		"ask": func(p *party) {
			c, waiting, fresh := w.call(), w.earlier("waiting"), w.earlier("fresh")
			a := w.same(p, "ask", func(t repository.Tenant) (any, error) { return t.Hosting().Ask(ctx, c, waiting, fresh) })
			if asked, ok := a.Value.(repository.Call); ok {
				p.call = asked
			}
		},
		"answer call": func(p *party) {
			c := p.call
			c.AnsweredAt, c.Answer, c.Fault = w.now, w.word("answer"), w.word("fault")
			w.same(p, "answer call", func(t repository.Tenant) (any, error) { return nil, t.Hosting().Answer(ctx, c) })
		},
		"calls": func(p *party) {
			w.same(p, "calls", func(t repository.Tenant) (any, error) { return t.Hosting().Calls(ctx) })
		},
		"unhosted": func(p *party) {
			at := w.later("at").Add(time.Minute)
			ask := func(r *Repository) ([]core.TenantID, error) {
				return r.Queue().Unhosted(ctx, at, []core.Provider{"evolution"}, 10)
			}
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.Sort(want)
			slices.Sort(got)
			w.compare(p, "unhosted", answered(got, err), answered(want, nil))
		},
		"called": func(p *party) {
			h := holder()
			ask := func(r *Repository) ([]core.TenantID, error) { return r.Queue().Called(ctx, h, 10) }
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.Sort(want)
			slices.Sort(got)
			w.compare(p, "called", answered(got, err), answered(want, nil))
		},
	}
}
