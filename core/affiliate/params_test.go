package affiliate

import "testing"

func TestNamesIdentity(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "=": false, "tag=": false, "tag= x": false, "etiqueta=x": false, "a=b=c": false, "2+2=4": false,
		"hashtag=x": false, "id=123": false, "code=ABC": false,
		"tag=rival-20": true, "x&TAG=r": true, "?Matt_Word=joao": true, "a=b&aff_short_key=_x": true, "veja awinaffid=1": true,
	} {
		if NamesIdentity(text) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
}
