package wiring

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewaha"
)

// TestCustomerGoesThroughEveryProvider has one server offer all three, and a customer go from one
// to the next with everything that was set up.
func TestCustomerGoesThroughEveryProvider(t *testing.T) {
	s := newStreet(t)
	waha, err := fakewaha.New(s.world, fakewaha.Options{APIKey: "chave-do-waha"})
	s.must(err)
	defer waha.Close()
	wahaAPI := httptest.NewServer(waha)
	defer wahaAPI.Close()
	evo, err := fakeevolution.New(s.world, fakeevolution.Options{APIKey: "chave-da-evolution"})
	s.must(err)
	defer evo.Close()
	evoAPI := httptest.NewServer(evo)
	defer evoAPI.Close()

	server := s.settings(roleSets()["all"])
	server.Config.Gateways = []string{config.Whatsmeow, config.Waha, config.Evolution}
	server.Config.WahaURL, server.Config.WahaAPIKey, server.Config.WahaClientIDs = wahaAPI.URL, core.NewSecret("chave-do-waha"), true
	server.Config.EvolutionURL, server.Config.EvolutionAPIKey = evoAPI.URL, core.NewSecret("chave-da-evolution")
	at, stop := serve(t, server)
	v := s.registered("http://" + at)

	first := true
	for _, way := range []struct {
		provider, asin string
		scan           func(name, code string) error
	}{
		{config.Waha, "B0TESTE001", func(name, _ string) error { return waha.Scan(name, s.bia) }},
		{config.Whatsmeow, "B0TESTE002", func(name, code string) error { return s.server.Scan(s.bia, name, code) }},
		{config.Evolution, "B0TESTE003", func(name, _ string) error { return evo.Scan(name, s.bia) }},
		{config.Waha, "B0TESTE004", func(name, _ string) error { return waha.Scan(name, s.bia) }},
	} {
		name, code := v.connect(way.provider)
		s.must(way.scan(name, code))
		s.await(v, connected)
		if first {
			s.join(v)
		}
		first = false
		s.offer(way.asin)
		v.want(http.MethodDelete, "/api/v1/whatsapp/disconnect", nil, nil)
	}
	for _, asin := range []string{"B0TESTE001", "B0TESTE002", "B0TESTE003", "B0TESTE004"} {
		if n := len(s.posts(asin)); n != 1 {
			t.Errorf("%s was posted %d times", asin, n)
		}
	}
	s.must(stop())
}
