package resolver_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	linkstest.Run(t, func(tb testing.TB, allow string) links.Resolver {
		client := loopbackClient(tb, allow)
		r, err := resolver.New(resolver.Options{Client: client, HopTimeout: 2 * time.Second, Total: 3 * time.Second})
		if err != nil {
			tb.Fatal(err)
		}
		return r
	})
}
