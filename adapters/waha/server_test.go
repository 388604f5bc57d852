package waha_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/waha"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewaha"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		engine fakewaha.Engine
		key    string
		want   gateway.Kind
	}{
		"a good one":               {fakewaha.GOWS, "key", ""},
		"a wrong key":              {fakewaha.GOWS, "other", gateway.KindAuth},
		"one that ignores our ids": {fakewaha.WEBJS, "key", gateway.KindInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := fakewaha.New(fakewhatsapp.New(fakewhatsapp.Options{}), fakewaha.Options{APIKey: "key", Engine: c.engine})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			api := httptest.NewServer(server)
			defer api.Close()
			g, err := waha.New(waha.Options{Client: &http.Client{}, ClientIDs: true})
			if err != nil {
				t.Fatal(err)
			}
			version, err := g.Examine(t.Context(), api.URL, core.NewSecret(c.key))
			if gateway.KindOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if c.want == "" && version != "2026.8.1 GOWS" {
				t.Errorf("version %q", version)
			}
		})
	}
}
