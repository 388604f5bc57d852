package affiliate

import "testing"

func TestNamesIdentity(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "=": false, "tag=": false, "tag= x": false, "etiqueta=x": false, "a=b=c": false, "2+2=4": false,
		"hashtag=x": false, "id=123": false, "code=ABC": false, "R$ 10=R$ 5": false, "50% = R$ 5, 10%=x": false, "A&B": false,
		"tag=rival-20": true, "x&TAG=r": true, "?Matt_Word=joao": true, "a=b&aff_short_key=_x": true, "veja awinaffid=1": true,
		"?x=1": true, "fim &id=9": true, "tag%3Drival-20": true, "tag%253Drival-20": true, "tag＝rival-20": true, "t\u200bag=r": true,
		"ｔａｇ=r": true, "&#116;ag=r": true, "tag&#61;r": true, "tag&equals;r": true, "subid=x": true,
	} {
		if NamesIdentity(text) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
}

func TestTorn(t *testing.T) {
	const link = "https://loja.com.br/p/1"
	for _, c := range []struct {
		link, after string
		want        bool
	}{
		{link, "", false}, {link, " fim", false}, {link, "👈 Corre", false}, {link, "*Cupom X*", false}, {link, "\nCupom=CASA10", false},
		{link, "\nDe R$ 10 = R$ 5", false}, {link, "\n=R$ 5", false}, {link + "?x=", "\nCorre", false}, {link + "?x=", "", false},
		{link, ").\nFim a=b", false}, {link, "\">aqui</a>", false}, {link, "\nR$ 10", false}, {link + "?tag=", ",\n", false},
		{link, "\"tag=r", true}, {link, "…x＝r", true}, {link, "<a%3Db>", true}, {link, "\n?x=r", true}, {link, "\n\n  &x=r", true},
		{link + "?ta", "\ng=rival-20", true}, {link + "?tag", "\n=rival-20", true}, {link + "?tag=", " rival-20", true},
		{link + "?x=1&MATT_WORD=", "\r\nrival", true}, {link + "?x=", "\nrival-20", true}, {link, "\n/ref=rival", true},
		{link, " \u200b?x=r", true}, {link, "👈 ?x=r", true},
	} {
		if Torn(c.link, c.after) != c.want {
			t.Errorf("%q before %q: %v, want %v", c.link, c.after, !c.want, c.want)
		}
	}
}

// FuzzNamesIdentity: whatever stands before a parameter, plain or escaped, does not hide it, and
// an identity that a link shows is found where it stands again.
func FuzzNamesIdentity(f *testing.F) {
	for _, s := range []string{"", "R$ 10 = R$ 5", "?x", "tag%3", "&#", "＝", "t\u200bag=", "%E2%80", "\xff", "https://loja.com.br/?tag=outra-20&x="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, before string) {
		for _, parameter := range []string{" tag=rival-20", " ?x=1", " tag%3Drival-20"} {
			if !NamesIdentity(before + parameter) {
				t.Errorf("not found in %q", before+parameter)
			}
		}
		if !Torn(before, "\n?x=rival") {
			t.Errorf("not torn: %q", before)
		}
		for _, name := range Bearers(before + "&tag=rival-20") {
			if len(name) < 4 || len(name) > 64 {
				t.Errorf("%q is nobody", name)
			}
		}
		if identity := []string{"rival-20"}; !Bears(before+" rival-20", identity) {
			t.Errorf("not borne: %q", before)
		}
	})
}
