package evolution_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		version, key string
		fault        *fakeevolution.Fault
		want         gateway.Kind
	}{
		"a good one":  {version: "2.3.7", key: "key"},
		"version 1":   {version: "1.8.2", key: "key", want: gateway.KindVersion},
		"a wrong key": {version: "2.3.7", key: "other", want: gateway.KindAuth},
		"without licence": {version: "2.4.0", key: "key", want: gateway.KindLicense,
			fault: new(fakeevolution.LicenseRequired())},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := fakeevolution.New(fakewhatsapp.New(fakewhatsapp.Options{}), fakeevolution.Options{APIKey: "key", Version: c.version})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			if c.fault != nil {
				server.Next(*c.fault)
			}
			api := httptest.NewServer(server)
			defer api.Close()
			g, err := evolution.New(evolution.Options{Client: &http.Client{}})
			if err != nil {
				t.Fatal(err)
			}
			version, err := g.Examine(t.Context(), api.URL, core.NewSecret(c.key))
			if gateway.KindOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if c.want == "" && version != c.version {
				t.Errorf("version %q", version)
			}
		})
	}
}
