package archtest_test

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/archtest"
)

// adapterAllow is what every adapter may reach, with its own SDK.
func adapterAllow(sdk ...string) []string {
	return append([]string{"core", "core/affiliate", "core/extract", "core/compose", "core/policy", "ports/..."}, sdk...)
}

// TestImportRule holds AutoPromo itself to the rule that its packages' roles rest on.
func TestImportRule(t *testing.T) {
	t.Parallel()
	text := []string{
		"core", "golang.org/x/net/html/...", "golang.org/x/net/idna", "golang.org/x/net/publicsuffix", "golang.org/x/text/...",
	}
	archtest.Check(t, "../..", archtest.Policy{
		Rules: []archtest.Rule{
			{Branch: "core", Allow: []string{"core"}},
			{Branch: "core/affiliate", Allow: text},
			{Branch: "core/extract", Allow: text},
			{Branch: "core/engine", Allow: []string{"core/...", "ports/..."}},
			{Branch: "ports", Allow: []string{"core"}},
			{Branch: "ports/gateway/gatewayhttp", Allow: []string{"core", "ports/gateway"}},
			{Branch: "adapters/evolution", Allow: adapterAllow()},
			{Branch: "adapters/whatsmeow", Allow: adapterAllow(
				"go.mau.fi/whatsmeow/...", "go.mau.fi/libsignal/logger", "google.golang.org/protobuf/proto")},
			{Branch: "adapters/waha", Allow: adapterAllow()},
			{Branch: "adapters/bunrepository", OwnBranch: true, Allow: adapterAllow(
				"github.com/uptrace/bun/...", "modernc.org/sqlite/...", "github.com/jackc/pgx/v5/...", "golang.org/x/crypto/...")},
			{Branch: "adapters/watermillbus", OwnBranch: true, Allow: adapterAllow(
				"github.com/ThreeDotsLabs/watermill/...", "github.com/ThreeDotsLabs/watermill-redisstream/...", "github.com/redis/go-redis/v9/...", "modernc.org/sqlite/...")},
			{Branch: "adapters/resolver", Allow: adapterAllow("golang.org/x/net/...", "golang.org/x/sync/...")},
			{Branch: "adapters/shopeeapi", Allow: adapterAllow()},
			{Branch: "adapters/aliexpressapi", Allow: adapterAllow()},
			{Branch: "adapters/safehttp", Allow: adapterAllow("code.dny.dev/ssrf", "golang.org/x/net/idna")},
			{Branch: "adapters/httpapi", OwnBranch: true, Allow: adapterAllow("core/engine",
				"github.com/gin-gonic/gin/...", "github.com/a-h/templ/...", "github.com/danielgtaylor/huma/v2/...", "github.com/golang-jwt/jwt/v5",
				"github.com/boombuler/barcode/...", "golang.org/x/crypto/argon2", "golang.org/x/text/...", "golang.org/x/time/rate", "golang.org/x/sync/...")},
			{Branch: "testkit", OwnBranch: true, Allow: []string{"core/...", "ports/..."}},
			// It speaks WhatsApp's own protocol, so that the real client can be tested.
			{Branch: "testkit/fakewhatsapp/endpoint", Allow: []string{"core", "testkit/fakewhatsapp",
				"go.mau.fi/whatsmeow/...", "go.mau.fi/libsignal/...", "github.com/coder/websocket", "google.golang.org/protobuf/proto", "golang.org/x/crypto/curve25519"}},
			{Branch: "apps", Allow: []string{"..."}},
			{Branch: "examples", Allow: []string{"..."}},
		},
		Only: map[string][]string{
			"github.com/uptrace/bun": {"adapters/bunrepository"},
			// The program that measures compares the handler with a bare one.
			"github.com/gin-gonic/gin":           {"adapters/httpapi", "apps/bench"},
			"github.com/a-h/templ":               {"adapters/httpapi"},
			"github.com/ThreeDotsLabs/watermill": {"adapters/watermillbus", "examples/anybus"}, // which plugs in another Pub/Sub
			"github.com/prometheus":              {"apps"},
			"go.uber.org/fx":                     {"apps"},
		},
		Private: []string{"apps", "examples"},
	})
}
