package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// scene is a simulated WhatsApp with a source group and a customer's own.
type scene struct {
	ana, phone     *fakewhatsapp.Phone
	source, target *fakewhatsapp.Group
}

func (h *house) scene(name, number string) scene {
	h.t.Helper()
	var s scene
	var err error
	s.ana, err = h.world.AddPhone("55119000001"+number[len(number)-2:], "Ana de "+name)
	h.must(err)
	s.phone, err = h.world.AddPhone(number, name)
	h.must(err)
	s.source, err = h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos para " + name, Admins: []*fakewhatsapp.Phone{s.ana}})
	h.must(err)
	s.source.Add(s.phone)
	s.target, err = h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Ofertas de " + name, Admins: []*fakewhatsapp.Phone{s.phone}})
	h.must(err)
	return s
}

func (h *house) says(s scene, text string) {
	h.t.Helper()
	_, err := s.ana.PostText(s.source.JID(), text)
	h.must(err)
}

// settles connects the customer and gives them groups and a tag, with forms alone.
func (h *house) settles(b *browser, s scene, tag string) {
	h.t.Helper()
	known := map[string]bool{}
	for _, i := range h.evolution.Instances() {
		known[i.Name] = true
	}
	b.open("/whatsapp")
	b.submit(200, "/whatsapp/connect")
	for _, i := range h.evolution.Instances() {
		if !known[i.Name] {
			h.must(h.evolution.Scan(i.Name, s.phone))
		}
	}
	h.eventually("connected", func() bool { return strings.Contains(b.open("/whatsapp"), `badge good">`) })
	b.open("/groups")
	b.submit(200, "/groups/discover")
	b.submit(200, "/groups", "jid", string(s.source.JID()), "name", s.source.Info().Subject, "action", "watch")
	b.submit(200, "/groups", "jid", string(s.target.JID()), "name", s.target.Info().Subject, "action", "post")
	b.open("/stores/amazon")
	b.submit(200, "/stores/amazon", "marketplace", "amazon.com.br", "f.tag", tag)
}

// The whole first run in a real browser: every change appears by itself.
func TestBrowserFirstRun(t *testing.T) {
	browser := chrome(t)
	h := build(t, nil)
	h.run()
	s := h.scene("maria", "5511900000021")
	p := h.visitor(browser, "pt-BR", 1280, 800)
	p.joins("maria@exemplo.com.br")
	p.sees("Primeiros passos")
	p.picture("first-run")
	p.press(`a[href="/whatsapp"].button`)
	p.press("form[action='/whatsapp/connect'] button")
	p.holds(`document.querySelector(".qr img")?.naturalWidth > 100`)
	p.sees("O código troca sozinho em")
	p.picture("qr")
	first := evaluate[string](p, `document.querySelector(".qr img").src`)
	name := h.evolution.Instances()[0].Name
	h.must(h.evolution.RotateQR(name))
	p.holds(fmt.Sprintf(`document.querySelector(".qr img")?.src !== %q && document.querySelector(".qr img").naturalWidth > 100`, first))
	h.must(h.evolution.Scan(name, s.phone))
	p.sees("Tudo certo")

	p.press(`main a[href="/groups"]`)
	p.press("form[action='/groups/discover'] button")
	p.sees("Achadinhos para maria")
	p.write("#q", "ACHADÍ")
	p.holds(`document.querySelectorAll("[data-group]:not([hidden])").length === 1`)
	p.press(`[id="watch-` + string(s.source.JID()) + `"]`)
	p.press(`[id="post-` + string(s.target.JID()) + `"]`)
	p.holds(`document.querySelectorAll(".switch[aria-checked=true]").length === 2`)

	p.open("/stores/amazon")
	p.write(`[name="f.tag"]`, "com espaço\t")
	p.holds(`document.querySelector(".fault[id]")?.textContent.includes("Valor inválido")`)
	p.write(`[name="f.tag"]`, "maria-20\t")
	p.sees("Formato certo.")
	p.press("form[data-check] button")
	p.sees("Tag salva")

	p.open("/")
	p.sees("Ao vivo")
	h.says(s, "*Fone JBL* por R$ 199,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20")
	p.sees("Fone JBL")
	p.holds(`[...document.querySelectorAll(".offer .badge")].some(e => e.textContent.includes("Enviada"))`)
	p.holds(`!document.body.innerText.includes("Primeiros passos")`)
	p.press(".offer")
	p.holds(`document.querySelector("ins")?.textContent.includes("tag=maria-20")`)

	// The phone ends the session: the page says so, and what to do.
	p.open("/whatsapp")
	p.sees("Tudo certo")
	h.must(h.evolution.LogoutFromPhone(name))
	p.sees("desconectado no celular")
	p.sees("WhatsApp desconectado") // in the menu, too
	p.picture("logged-out")
	p.quiet()
}

func TestBrowserKeepsTenantsApart(t *testing.T) {
	browser := chrome(t)
	h := build(t, nil)
	h.run()
	var people []*person
	var scenes []scene
	names := []string{"bia", "caio"}
	for i, name := range names {
		s := h.scene(name, fmt.Sprintf("55119000000%d", 31+i))
		b := h.browser("pt-BR")
		b.join(name + "@exemplo.com.br")
		h.settles(b, s, name+"-20")
		p := h.visitor(browser, "pt-BR", 1280, 800)
		p.entersAs(name + "@exemplo.com.br")
		p.sees("Ao vivo")
		people, scenes = append(people, p), append(scenes, s)
	}
	for i, s := range scenes {
		h.says(s, "Segredo de "+names[i]+" por R$ 10,00 https://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20")
	}
	for i, p := range people {
		p.sees("Segredo de " + names[i])
	}
	for i, p := range people {
		other := names[1-i]
		for _, path := range []string{"/", "/offers", "/groups", "/stores/amazon", "/attention", "/rules", "/account", "/whatsapp"} {
			p.open(path)
			for _, word := range []string{"Segredo de " + other, other + "-20", "para " + other, "Ofertas de " + other, other + "@"} {
				if evaluate[bool](p, fmt.Sprintf("document.documentElement.outerHTML.includes(%q)", word)) {
					t.Errorf("%s shows %q to %s", path, word, names[i])
				}
			}
		}
		p.quiet()
	}
	// The address of the other's offer is no offer at all.
	theirs := h.browser("pt-BR")
	theirs.open("/login")
	theirs.submit(200, "/login", "email", "caio@exemplo.com.br", "password", password)
	var path string
	h.eventually("caio has an offer", func() bool {
		_, after, ok := strings.Cut(theirs.open("/offers"), `href="/offers/`)
		path, _, _ = strings.Cut("/offers/"+after, `"`)
		return ok
	})
	if res := evaluate[int](people[0], fmt.Sprintf(`(() => { const r = new XMLHttpRequest(); r.open("GET", %q, false); r.send(); return r.status })()`, path)); res != http.StatusNotFound {
		t.Errorf("bia opens caio's offer: %d", res)
	}
}
