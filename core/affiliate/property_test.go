package affiliate

import (
	"errors"
	"fmt"
	"math/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// randomSubID is what a delivery would ask to be reported, or nothing.
func randomSubID(random *rand.Rand) core.SubID {
	if random.Intn(2) == 0 {
		return core.SubID{}
	}
	return core.NewSubID(core.DestinationID(fmt.Sprint(random.Int())), core.InboxID(fmt.Sprint(random.Int())))
}

// For any tenant, any store and any link: the rewritten link is proven for that tenant and
// for nobody else, names the same product, and does not change when rewritten again.
func TestRewriteAndVerifyAgree(t *testing.T) {
	r := builtin(t)
	for _, s := range r.stores {
		if len(s.Fields()) == 0 {
			continue
		}
		t.Run(s.Slug(), func(t *testing.T) {
			for seed := range int64(20) {
				random := rand.New(rand.NewSource(seed))
				t.Logf("seed %d", seed)
				tag, rival := randomTag(t, random, r, s), randomTag(t, random, r, s)
				rival.Marketplace = tag.Marketplace
				for _, link := range linksFor(t, random, r, s, tag) {
					agree(t, r, link, tag, rival, randomSubID(random))
				}
			}
		})
	}
}

func agree(t *testing.T, r *Registry, link string, tag, rival core.Tag, sub core.SubID) {
	t.Helper()
	own, other := r.Identity([]core.Tag{tag}), r.Identity([]core.Tag{rival})
	target := r.Classify(link)
	final, err := own.Rewrite(target, sub)
	if target.MintOnly || onlyMints(tag) {
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", link, err)
	}
	if err := own.Verify(final, sub); err != nil {
		t.Fatalf("%s → %s: %v", link, final, err)
	}
	if other.Verify(final, sub) == nil && fmt.Sprint(tag.Fields) != fmt.Sprint(rival.Fields) {
		t.Fatalf("%s is proven for %v too", final, rival.Fields)
	}
	if !listed(r, final) {
		return
	}
	again := r.Classify(final)
	if again.ProductKey != target.ProductKey {
		t.Fatalf("%s is %+v, its link %s is %+v", link, target, final, again)
	}
	if twice, err := own.Rewrite(again, sub); err != nil || twice != final {
		t.Fatalf("%s again %s, %v", final, twice, err)
	}
	elsewhere := core.NewSubID("another", "offer")
	if unmarked, err := own.Rewrite(target, core.SubID{}); err != nil || own.Verify(unmarked, sub) != nil ||
		unmarked != final && (own.Verify(final, core.SubID{}) == nil || own.Verify(final, elsewhere) == nil) {
		t.Fatalf("%s: sub-ids are mixed up: %s", final, unmarked)
	}
}

// listed says whether link lies at a host that some store lists. A link of a tenant's own
// template does not.
func listed(r *Registry, link string) bool {
	u, err := Parse(link)
	return err == nil && r.at(u.Host) != nil
}

// Whatever identity of whatever store is put wherever into a link: none of it is left in the
// link that goes out.
func TestNoForeignIdentitySurvives(t *testing.T) {
	r := builtin(t)
	random := rand.New(rand.NewSource(1))
	t.Log("seed 1")
	var rivals []core.Tag
	for _, s := range r.stores {
		if len(s.Fields()) > 0 {
			rivals = append(rivals, randomTag(t, random, r, s))
		}
	}
	for _, s := range r.stores {
		if len(s.Fields()) == 0 {
			continue
		}
		t.Run(s.Slug(), func(t *testing.T) {
			tag := randomTag(t, random, r, s)
			own := r.Identity([]core.Tag{tag})
			sent := 0
			for _, link := range some(random, linksFor(t, random, r, s, tag), 12) {
				for _, dirty := range injected(r, link, rivals) {
					final, err := own.Rewrite(r.Classify(dirty), core.SubID{})
					if err != nil {
						continue
					}
					sent++
					if err := own.Verify(final, core.SubID{}); err != nil {
						t.Fatalf("%s → %s: %v", dirty, final, err)
					}
					if who := holdsIdentity(final, tag, rivals); who != "" {
						t.Fatalf("%s became %s, which holds %s", dirty, final, who)
					}
				}
			}
			if sent == 0 && !onlyMints(tag) {
				t.Error("nothing was sent, so nothing was tested")
			}
		})
	}
}

// holdsIdentity returns the value of a rival's field that shows in link at any depth.
func holdsIdentity(link string, own core.Tag, rivals []core.Tag) string {
	for _, shown := range decodings(link) {
		for _, rival := range rivals {
			for name, value := range rival.Fields {
				if own.Fields[name] != value && len(value) > 3 && strings.Contains(shown, value) {
					return name + "=" + value
				}
			}
		}
	}
	return ""
}

// injected puts every rival identity into link: in query, path and fragment, encoded once
// and twice, hidden behind odd separators and nested in another address.
func injected(r *Registry, link string, rivals []core.Tag) []string {
	base, query, _ := strings.Cut(link, "?")
	var dirty []string
	for _, rival := range rivals {
		for name, value := range rival.Fields {
			pair := name + "=" + url.QueryEscape(value)
			odd := fmt.Sprintf("%%%02x%s=%s", name[0], name[1:], url.QueryEscape(value))
			nested := url.QueryEscape("https://www.amazon.com.br/dp/B0TESTE001?" + pair)
			for _, p := range []string{pair, strings.ToUpper(name) + "=" + url.QueryEscape(value), odd, url.QueryEscape(pair),
				url.QueryEscape(url.QueryEscape(pair)), "url=" + nested, "x=1;" + pair, "amp;" + pair, pair + "&" + pair} {
				q := p
				if query != "" {
					q = query + "&" + p
				}
				dirty = append(dirty, base+"?"+q, link+"#"+p, base+";"+p, base+"/"+p, base+"/;"+p, base+"/ref="+url.PathEscape(value)+"?"+q,
					base+"%3F"+p, base+"%253F"+p, base+"/%2F"+p, "https://www.google.com/url?q="+url.QueryEscape(base+"?"+q))
			}
		}
		dirty = append(dirty, wrappedBy(r, rival, link)...)
	}
	return dirty
}

// wrappedBy is link as the rival would post it, and that link again inside a redirector.
func wrappedBy(r *Registry, rival core.Tag, link string) []string {
	theirs, err := r.Rewrite(r.Classify(link), []core.Tag{rival})
	if err != nil {
		return nil
	}
	return []string{theirs, "https://l.facebook.com/l.php?u=" + url.QueryEscape(theirs)}
}

// Every link one byte away from a tenant's own is either not proven, or is exactly what
// Rewrite makes of another page for the same tenant.
func TestMutationsAreNotProven(t *testing.T) {
	r := builtin(t)
	random := rand.New(rand.NewSource(2))
	t.Log("seed 2")
	for _, s := range r.stores {
		if len(s.Fields()) == 0 {
			continue
		}
		t.Run(s.Slug(), func(t *testing.T) {
			tag := randomTag(t, random, r, s)
			own := r.Identity([]core.Tag{tag})
			for _, link := range some(random, linksFor(t, random, r, s, tag), 8) {
				sub := randomSubID(random)
				final, err := own.Rewrite(r.Classify(link), sub)
				if err != nil {
					continue
				}
				for _, mutated := range mutations(final) {
					if own.Verify(mutated, sub) == nil && !rewritesToItself(r, mutated, own, sub) {
						t.Fatalf("%s is proven, made of %s", mutated, final)
					}
				}
			}
		})
	}
}

// mutations are all links one byte away from link, and link with something at its end.
func mutations(link string) []string {
	var all []string
	for i := range len(link) + 1 {
		for _, c := range []byte("aZ09/?&=%#;.:@-_+,~ \\\"\x00\x7f\xff") {
			all = append(all, link[:i]+string([]byte{c})+link[i:])
			if i < len(link) {
				all = append(all, link[:i]+string([]byte{c})+link[i+1:])
			}
		}
		if i < len(link) {
			all = append(all, link[:i]+link[i+1:], link[:i]+"%"+fmt.Sprintf("%02X", link[i])+link[i+1:])
		}
	}
	for _, end := range []string{"&tag=rival-20", "&TAG=rival-20", "#tag=rival-20", "?tag=rival-20", ";tag=rival-20", "&amp;tag=rival-20", "%26tag%3Drival-20"} {
		all = append(all, link+end)
	}
	return all
}

// rewritesToItself says whether a link is simply the tenant's own link to another page, with
// or without sub: then it is what Rewrite makes of that page. A network proves any page of
// its merchant, also one that the merchant's store does not know.
func rewritesToItself(r *Registry, link string, own *Identity, sub core.SubID) bool {
	u, err := Parse(link)
	if err != nil {
		return false
	}
	targets := []Target{r.Classify(link)}
	for _, p := range own.networks {
		if page, ok := p.Store.(Network).Unwrap(u); ok {
			targets = append(targets, Target{Kind: Unknown, URL: page})
		}
	}
	if r.at(u.Host) == nil {
		for pair := range strings.SplitSeq(u.Query, "&") {
			_, value, _ := strings.Cut(pair, "=")
			targets = append(targets, Target{Kind: Unknown, URL: queryDecode(value)})
		}
	}
	for _, target := range targets {
		for _, sub := range []core.SubID{sub, {}} {
			if final, err := own.Rewrite(target, sub); err == nil && final == u.String() {
				return true
			}
		}
	}
	return false
}

// some returns at most n of all.
func some(random *rand.Rand, all []string, n int) []string {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// The links of the corpus, for random tenants.
func TestCorpusForAnybody(t *testing.T) {
	links := corpusLinks(t)
	if len(links) == 0 {
		t.Skip("the shared corpus is not here")
	}
	r := builtin(t)
	random := rand.New(rand.NewSource(3))
	t.Log("seed 3")
	rewritten := 0
	for _, link := range links {
		var tags, others []core.Tag
		for _, s := range r.stores {
			if len(s.Fields()) > 0 {
				tags, others = append(tags, randomTag(t, random, r, s)), append(others, randomTag(t, random, r, s))
			}
		}
		own, other, sub := r.Identity(tags), r.Identity(others), randomSubID(random)
		target := r.Classify(link.URL)
		if own.Verify(link.URL, sub) == nil {
			t.Errorf("proven: %s", link.URL)
		}
		final, err := own.Rewrite(target, sub)
		if err != nil {
			var e *core.Error
			if !errors.As(err, &e) || e.Reason == "" {
				t.Errorf("%s: %v gives no reason", link.URL, err)
			}
			continue
		}
		rewritten++
		if err := own.Verify(final, sub); err != nil {
			t.Errorf("%s → %s: %v", link.URL, final, err)
		}
		if other.Verify(final, sub) == nil {
			t.Errorf("%s is proven for another tenant", final)
		}
		if again, err := own.Rewrite(r.Classify(final), sub); err != nil || again != final {
			t.Errorf("%s again %s, %v", final, again, err)
		}
	}
	if rewritten == 0 {
		t.Error("nothing was rewritten")
	}
}
