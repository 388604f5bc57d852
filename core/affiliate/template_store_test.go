package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func lojaOptions() TemplateOptions {
	return TemplateOptions{
		Slug: "loja", Name: "Loja", Domains: []string{"loja.example.com", "loja.example.org"},
		Template: "https://rede.example.net/c/{id}?to={url}&s={sub}", IDExample: "abc123", Keep: []string{"cor"},
	}
}

func TestTemplateStore(t *testing.T) {
	store, err := NewTemplate(lojaOptions())
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRegistry(store)
	if err != nil {
		t.Fatal(err)
	}
	if _, network := store.(Network); network {
		t.Error("an operator's store is a network")
	}
	ours := []core.Tag{{Store: "loja", Fields: map[string]string{"id": "nosso1"}}}
	rival := []core.Tag{{Store: "loja", Fields: map[string]string{"id": "rival1"}}}
	for link, want := range map[string]struct{ key, final string }{
		"https://loja.example.com/p/coisa-1/":                    {"loja:/p/coisa-1", "https%3A%2F%2Floja.example.com%2Fp%2Fcoisa-1%2F"},
		"http://www.loja.example.org/p/coisa-1?aff=rival#x":      {"loja:/p/coisa-1", "https%3A%2F%2Fwww.loja.example.org%2Fp%2Fcoisa-1"},
		"https://loja.example.com/p/coisa-1?utm_source=x&cor=AZ": {"loja:/p/coisa-1?cor=AZ", "https%3A%2F%2Floja.example.com%2Fp%2Fcoisa-1%3Fcor%3DAZ"},
	} {
		target := r.Classify(link)
		if target.Kind != Product || target.Store != "loja" || target.ProductKey != want.key {
			t.Errorf("%s is %+v", link, target)
		}
		for sub, mark := range map[core.SubID]string{{}: "", ourSub: "g1234abcdo5678efgh"} {
			final, err := r.Identity(ours).Rewrite(target, sub)
			if err != nil || final != "https://rede.example.net/c/nosso1?to="+want.final+"&s="+mark {
				t.Errorf("%s rewritten to %s, %v", link, final, err)
			}
			if err := r.Identity(ours).Verify(final, sub); err != nil {
				t.Errorf("own link not proven: %v", err)
			}
			if r.Identity(rival).Verify(final, sub) == nil || sub == ourSub && r.Verify(final, ours) == nil {
				t.Errorf("proven for somebody else: %s", final)
			}
		}
	}
	for link, reason := range map[string]core.Reason{
		"https://loja.example.com/":               core.ReasonLinkNotProduct,
		"https://loja.example.com/ver?id=1":       core.ReasonLinkNotProduct,
		"https://loja.example.com/afiliado/x":     core.ReasonLinkForeignProfile,
		"https://fulano.loja.example.com/p/1":     core.ReasonLinkForeignProfile,
		"https://loja.example.com/p/1;aff=rival":  core.ReasonLinkDeceptive,
		"https://loja.example.com/p/1?cor=a&cor=": core.ReasonLinkDeceptive,
	} {
		if target := r.Classify(link); target.Kind != Refused || target.Hold.Reason != reason {
			t.Errorf("%s is %s (%v), want %s", link, target.Kind, target.Hold, reason)
		}
	}
	for _, link := range []string{
		"https://rede.example.net/c/nosso1?to=https%3A%2F%2Floja.example.com.evil.example%2Fp%2F1&s=",
		"https://rede.example.net/c/nosso1?to=https%3A%2F%2Floja.example.com%2Fp%2F1%3Faff%3Drival&s=",
		"https://rede.example.net/c/nosso1?to=https%3A%2F%2Floja.example.com%2Fp%2F1&s=rival",
		"https://rede.example.net/c/nosso1?to=https%3A%2F%2Floja.example.com%2Fp%2F1",
		"https://rede.example.net/c/rival1/nosso1?to=https%3A%2F%2Floja.example.com%2Fp%2F1&s=",
		"https://loja.example.com/p/1",
	} {
		if r.Verify(link, ours) == nil {
			t.Errorf("proven: %s", link)
		}
	}
}

func TestTemplateStoreID(t *testing.T) {
	store, err := NewTemplate(lojaOptions())
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRegistry(store)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"a": true, "a-b_c.1": true, "": false, ".": false, "..": false, "a.": false, "-a": false, "a/b": false, "a&id=b": false, "{url}": false} {
		if _, err := r.CheckTag(core.Tag{Store: "loja", Fields: map[string]string{"id": id}}); (err == nil) != want {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

func TestNewTemplateRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*TemplateOptions){
		"no slug":         func(o *TemplateOptions) { o.Slug = "" },
		"odd slug":        func(o *TemplateOptions) { o.Slug = "Loja:1" },
		"no name":         func(o *TemplateOptions) { o.Name = "" },
		"no domain":       func(o *TemplateOptions) { o.Domains = nil },
		"suffix":          func(o *TemplateOptions) { o.Domains = []string{"com.br"} },
		"address":         func(o *TemplateOptions) { o.Domains = []string{"https://loja.example.com"} },
		"no id":           func(o *TemplateOptions) { o.Template = "https://rede.example.net/c?to={url}" },
		"id twice":        func(o *TemplateOptions) { o.Template = "https://rede.example.net/{id}?i={id}&to={url}" },
		"id in the host":  func(o *TemplateOptions) { o.Template = "https://{id}.example.net/?to={url}" },
		"id in a word":    func(o *TemplateOptions) { o.Template = "https://rede.example.net/x{id}?to={url}" },
		"no url":          func(o *TemplateOptions) { o.Template = "https://rede.example.net/{id}" },
		"a shortener":     func(o *TemplateOptions) { o.Template = "https://bit.ly/{id}?to={url}" },
		"odd id name":     func(o *TemplateOptions) { o.IDName = "a b" },
		"odd example":     func(o *TemplateOptions) { o.IDExample = "a b" },
		"identity kept":   func(o *TemplateOptions) { o.Keep = []string{"utm_source"} },
		"kept with comma": func(o *TemplateOptions) { o.Keep = []string{"a,", "b"} },
	} {
		o := lojaOptions()
		spoil(&o)
		if _, err := NewTemplate(o); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}
