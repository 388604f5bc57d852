package affiliate

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	kabumPage        = "https://www.kabum.com.br/produto/123456/fone-sem-fio"
	kabumPageEncoded = "https%3A%2F%2Fwww.kabum.com.br%2Fproduto%2F123456%2Ffone-sem-fio"
)

var ourSub = core.SubID{Group: "g1234abcd", Offer: "o5678efgh"}

// withNetworks is a registry of a few stores and every network.
func withNetworks(t testing.TB) *Registry {
	t.Helper()
	r, err := NewRegistry(Amazon{}, Shopee{}, MercadoLivre{}, Magalu{},
		Awin{}, Rakuten{}, CJ{}, Admitad{}, Lomadee{}, Impact{}, Tradedoubler{}, Template{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// networkTest is what every network is put through.
type networkTest struct {
	tag core.Tag
	// plain and marked are its links to kabumPage, without and with ourSub.
	plain, marked string
	// rivals are other values, one per field.
	rivals map[string]string
	// tampered are links that look like plain and are not.
	tampered []string
	// incoming are others' links, and what they are.
	incoming []incomingCase
}

// incomingCase is a link of somebody else's: the final one that our tags make of it, or why
// there is none.
type incomingCase struct {
	link, final string
	kind        Kind
	reason      core.Reason
}

func (n networkTest) run(t *testing.T) {
	t.Helper()
	r := withNetworks(t)
	tag, err := r.CheckTag(n.tag)
	if err != nil {
		t.Fatal(err)
	}
	n.tag = tag
	t.Run("rewrite", func(t *testing.T) { n.rewrites(t, r) })
	t.Run("rivals", func(t *testing.T) { n.refusesRivals(t, r) })
	t.Run("destinations", func(t *testing.T) { n.refusesDestinations(t, r) })
	t.Run("tampered", func(t *testing.T) { n.refusesTampering(t, r) })
	t.Run("incoming", func(t *testing.T) { n.takesIncoming(t, r) })
}

func (n networkTest) rewrites(t *testing.T, r *Registry) {
	own := r.Identity([]core.Tag{n.tag})
	for sub, want := range map[core.SubID]string{{}: n.plain, ourSub: n.marked} {
		got, err := own.Rewrite(r.Classify(kabumPage+"?awc=17729_1&utm_source=rival#rival"), sub)
		if err != nil || got != want {
			t.Fatalf("rewritten to %s, %v; want %s", got, err, want)
		}
		if err := own.Verify(got, sub); err != nil {
			t.Errorf("own link not proven: %v", err)
		}
		if own.Verify(got, core.SubID{Group: "g00000000", Offer: "o5678efgh"}) == nil && got != n.plain {
			t.Error("proven with another offer's sub-id")
		}
	}
	if n.marked != n.plain && own.Verify(n.marked, core.SubID{}) == nil {
		t.Error("proven with a sub-id that nobody asked for")
	}
	if own.Verify(n.plain, ourSub) != nil {
		t.Error("not proven without the sub-id")
	}
	for _, elsewhere := range []string{"https://www.outraloja.com.br/produto/1", "https://www.kabum.com.br/", "https://notkabum.com.br/produto/1"} {
		if got, err := own.Rewrite(r.Classify(elsewhere), core.SubID{}); err == nil {
			t.Errorf("%s rewritten to %s", elsewhere, got)
		}
	}
}

func (n networkTest) refusesRivals(t *testing.T, r *Registry) {
	if len(n.rivals) == 0 {
		t.Fatal("no rivals")
	}
	for field, value := range n.rivals {
		rival := n.tag
		rival.Fields = maps.Clone(n.tag.Fields)
		rival.Fields[field] = value
		if _, err := r.CheckTag(rival); err != nil {
			t.Fatalf("rival's %s: %v", field, err)
		}
		if r.Verify(n.plain, []core.Tag{rival}) == nil {
			t.Errorf("proven for a tag with another %s", field)
		}
		theirs, err := r.Rewrite(r.Classify(kabumPage), []core.Tag{rival})
		if err != nil || r.Verify(theirs, []core.Tag{n.tag}) == nil {
			t.Errorf("another's link %s proven as ours (%v)", theirs, err)
		}
		if theirs != "" {
			for _, both := range []string{theirs + "&" + afterMark(n.plain), n.plain + "&" + afterMark(theirs), n.plain + "#" + theirs} {
				if r.Verify(both, []core.Tag{n.tag}) == nil {
					t.Errorf("two identities proven: %s", both)
				}
			}
		}
	}
	other := n.tag
	other.Marketplace = "outraloja.com.br"
	if r.Verify(n.plain, []core.Tag{other}) == nil {
		t.Error("proven by a tag for another merchant")
	}
}

func afterMark(link string) string {
	if _, query, ok := strings.Cut(link, "?"); ok {
		return query
	}
	return link
}

// foreignDestinations may not stand where a page of kabum.com.br belongs.
var foreignDestinations = []string{
	"https://kabum.com.br.evil.example/produto/1", "https://evil.example/kabum.com.br", "https://evil.example/www.kabum.com.br/produto/1",
	"https://evilkabum.com.br/produto/1", "https://fulano.kabum.com.br/produto/1", "https://www.evil.kabum.com.br/produto/1",
	"https://www.kabum.com.br@evil.example/produto/1", "https://a:b@www.kabum.com.br/produto/1",
	"https://www.kabum.com.br:8443/produto/1", "https://www.kabum.com.br:443/produto/1", "http://www.kabum.com.br/produto/1",
	"//www.kabum.com.br/produto/1", "www.kabum.com.br/produto/1", "javascript:alert(1)", "", "https://", "https:///produto",
	"https://www.kabum.com.br", "https://www.kabum.com.br/", "https://WWW.kabum.com.br/produto/1", "https://www.kabum.com.br./produto/1",
	"https://www.kabum.com.br\\@evil.example/produto/1", "https://www.kabum.com.br/produto/1 2", "https://www.kabum.com.br/produto/1\n",
	kabumPage + "?awc=rival", kabumPage + "?utm_source=rival", kabumPage + "?ref=rival", kabumPage + "&awinaffid=1", kabumPage + ";a=rival",
	kabumPage + "%3Fawc%3Drival", kabumPage + "%253Fawc%253Drival", kabumPage + "%23rival", kabumPage + "%2Frival", kabumPage + "%C0%AF",
	kabumPage + "%E2%80%8B", kabumPage + "%00", kabumPage + "%", kabumPage + "@rival", kabumPage + ":rival", kabumPage + "/*rival*",
	"https://www.kabum.com.br//evil.example/x", "https://www.kabum.com.br/https://evil.example/x", "https://www.kabum.com.br/x/../y",
	"https://www.kabum.com.br/./x", "https://www.kabum.com.br/%2e%2e/x", "https://www.kabum.com.br/produto//1",
	"https://www.kabum.com.br/afiliado/fulano", "https://www.kabum.com.br/Parceiro-fulano/p", "https://www.kabum.com.br/social/fulano",
	"https://www.kabum.com.br/usu%C3%A1rio/fulano", "https://www.kabum.com.br/r/abc", "https://www.kabum.com.br/redirect/x",
	"https://www.kabum.com.br/sair/evil.com", "https://www.kabum.com.br/www.evil.net/x", "https://www.kabum.com.br/minha-loja/fulano",
	"https://www.awin1.com/cread.php?awinmid=17729&awinaffid=666&ued=" + kabumPageEncoded,
	"https://www.kabum.com.br/produto/1?u=" + kabumPageEncoded, "https://tidd.ly/abc", "https://www.magazinevoce.com.br/rival/x/p/1/",
	kabumPageEncoded, url.QueryEscape(kabumPageEncoded),
}

func (n networkTest) refusesDestinations(t *testing.T, r *Registry) {
	own := r.Identity([]core.Tag{n.tag})
	for _, dest := range foreignDestinations {
		var links []string
		if strings.Contains(n.plain, kabumPageEncoded) {
			links = []string{
				strings.Replace(n.plain, kabumPageEncoded, url.QueryEscape(dest), 1),
				strings.Replace(n.plain, kabumPageEncoded, dest, 1),
			}
		} else {
			links = []string{strings.Replace(n.plain, kabumPage, dest, 1)}
		}
		for _, link := range links {
			if link != n.plain && own.Verify(link, core.SubID{}) == nil {
				t.Errorf("proven: %s", link)
			}
		}
	}
	for _, escaped := range []string{strings.ToLower(kabumPageEncoded), "%68ttps" + kabumPageEncoded[5:], kabumPageEncoded + "+"} {
		link := strings.Replace(n.plain, kabumPageEncoded, escaped, 1)
		if link != n.plain && own.Verify(link, core.SubID{}) == nil {
			t.Errorf("proven: %s", link)
		}
	}
}

func (n networkTest) refusesTampering(t *testing.T, r *Registry) {
	own := r.Identity([]core.Tag{n.tag})
	host := strings.Split(n.plain, "/")[2]
	mark := "?"
	if strings.Contains(n.plain, "?") {
		mark = "&"
	}
	for _, link := range append([]string{
		"http" + strings.TrimPrefix(n.plain, "https"),
		strings.Replace(n.plain, host, host+":8443", 1),
		strings.Replace(n.plain, host, host+".evil.example", 1),
		strings.Replace(n.plain, host, "evil.example/"+host, 1),
		strings.Replace(n.plain, host, "x"+host, 1),
		n.plain + mark + "clickref=rival", n.plain + mark + "u1=rival", n.plain + mark + "subid=rival", n.plain + mark + "x=1",
		n.plain + mark + "ued=https%3A%2F%2Fevil.example%2Fx", n.plain + mark + "utm_source=rival",
		n.plain + "#rival", n.plain + "%20", n.plain + "%26x=1", strings.Replace(n.marked, ourSub.String(), ourSub.String()+"x", 1), n.marked + mark + "x=1",
	}, n.tampered...) {
		for _, sub := range []core.SubID{{}, ourSub} {
			if link != n.marked && own.Verify(link, sub) == nil {
				t.Errorf("proven: %s", link)
			}
		}
	}
}

func (n networkTest) takesIncoming(t *testing.T, r *Registry) {
	tags := []core.Tag{n.tag, ourTags[1], ourTags[3]}
	for _, c := range n.incoming {
		target := r.Classify(c.link)
		if target.Kind != c.kind || target.Hold.Reason != c.reason && c.final == "" {
			t.Errorf("%s is %s (%v), want %s (%s)", c.link, target.Kind, target.Hold, c.kind, c.reason)
		}
		if r.Verify(c.link, tags) == nil {
			t.Errorf("another's link proven as ours: %s", c.link)
		}
		got, err := r.Rewrite(target, tags)
		if got != c.final {
			t.Errorf("%s rewritten to %q (%v), want %q", c.link, got, err, c.final)
		}
	}
}
