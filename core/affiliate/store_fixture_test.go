package affiliate

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// storeTest is what a single store is put through, with its links, two tenants' tags and
// links that look like the first one's own but are not.
type storeTest struct {
	store      Store
	own, rival core.Tag
	cases      []linkCase
	forged     []string
}

func (s storeTest) run(t *testing.T) {
	t.Helper()
	r, err := NewRegistry(s.store)
	if err != nil {
		t.Fatal(err)
	}
	own, rival := []core.Tag{s.own}, []core.Tag{s.rival}
	if len(s.store.Fields()) > 0 {
		for _, tag := range []core.Tag{s.own, s.rival} {
			if _, err := r.CheckTag(tag); err != nil {
				t.Fatalf("%v: %v", tag.Fields, err)
			}
		}
	}
	for _, c := range s.cases {
		t.Run(c.link, func(t *testing.T) {
			target := r.Classify(c.link)
			if target.Kind != c.kind || target.ProductKey != c.key || target.Hold.Reason != c.reason {
				t.Fatalf("is %+v, want kind %s, key %q, reason %q", target, c.kind, c.key, c.reason)
			}
			if r.Verify(c.link, own) == nil && c.link != c.final {
				t.Error("proven as it came")
			}
			final, err := r.Rewrite(target, own)
			if c.final == "" {
				if err == nil {
					t.Errorf("rewritten to %s", final)
				}
				return
			}
			if err != nil || final != c.final {
				t.Fatalf("rewritten to %s, %v; want %s", final, err, c.final)
			}
			if err := r.Verify(final, own); err != nil {
				t.Errorf("own link not proven: %v", err)
			}
			if r.Verify(final, rival) == nil {
				t.Error("own link proven for another tenant")
			}
			if again := r.Classify(final); again != target {
				t.Errorf("own link is %+v, want %+v", again, target)
			}
			for _, link := range tampered(final, s.own, s.rival) {
				if r.Verify(link, own) == nil {
					t.Errorf("proven: %s", link)
				}
			}
		})
	}
	for _, link := range s.forged {
		if r.Verify(link, own) == nil {
			t.Errorf("proven: %s", link)
		}
	}
}

// tampered makes links that a careless proof would accept out of a tenant's own link: the
// rival's identity added before, after, in the fragment, in other case, encoded, in the path,
// and the same address at look-alike hosts.
func tampered(link string, own, rival core.Tag) []string {
	rest := strings.TrimPrefix(link, "https://")
	host, rest, _ := strings.Cut(rest, "/")
	path, query, _ := strings.Cut(rest, "?")
	links := []string{
		"http://" + host + "/" + rest,
		"https://" + host + ":8443/" + rest,
		"https://" + host + ".evil.example/" + rest,
		"https://evil-" + host + "/" + rest,
		"https://evil.example/" + host + "/" + rest,
		"https://" + host + "@evil.example/" + rest,
		"https://sub." + host + "/" + rest,
		link + "#", link + "#x", link + "&", link + "&x=1", link + "&utm_source=rival", link + "%20", link + "/", link + "x",
		"https://" + host + "//" + rest,
		"https://" + host + "/x/" + rest,
		"https://" + host + "/" + path + "/?" + query,
		"https://" + host + "/" + path + "/rival?" + query,
		"https://" + host + "/" + path + "%2Frival?" + query,
		"https://" + host + "/" + path + "%3Fx=rival?" + query,
		"https://" + host + "/" + path + ";x=rival?" + query,
		"https://" + host + "/" + path + "?x=1&" + query,
		"https://" + host + "/" + path,
		"https://" + host + "/" + path + "#" + query,
		strings.Replace(link, "?", "??", 1),
	}
	links = unlike(links, link)
	for name, value := range rival.Fields {
		theirs := name + "=" + value
		links = append(links,
			link+"&"+theirs, link+"&"+strings.ToUpper(name)+"="+value, link+"#"+theirs,
			link+"&%"+hexByte(name[0])+name[1:]+"="+value,
			"https://"+host+"/"+path+"?"+theirs+"&"+query,
			"https://"+host+"/"+path+";"+theirs+"?"+query,
			strings.Replace(link, name+"="+own.Fields[name], theirs, 1)+"&"+name+"="+own.Fields[name],
			strings.Replace(link, name+"="+own.Fields[name], strings.ToUpper(name)+"="+own.Fields[name], 1),
			strings.Replace(link, name+"="+own.Fields[name], "%"+hexByte(name[0])+name[1:]+"="+own.Fields[name], 1),
		)
	}
	return unlike(links, link)
}

// unlike leaves out changes that changed nothing: an empty fragment is none, and a
// field need not be part of a link.
func unlike(links []string, link string) []string {
	kept := links[:0]
	for _, l := range links {
		if l != link && l != link+"#" {
			kept = append(kept, l)
		}
	}
	return kept
}

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
