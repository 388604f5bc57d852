package archtest_test

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/archtest"
)

// A module with a pure core and adapters around it states its rule in one test.
func ExampleCheck() {
	_ = func(t *testing.T) { // func TestImportRule(t *testing.T)
		archtest.Check(t, ".", archtest.Policy{
			Rules: []archtest.Rule{
				{Branch: "core", OwnBranch: true},
				{Branch: "adapters/mail", Allow: []string{"core/...", "github.com/wneessen/go-mail"}},
				{Branch: "cmd", Allow: []string{"..."}},
			},
			Private: []string{"cmd"},
		})
	}
}
