package watermillbus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/testkit/bustest"
)

// Watermill's own suite leaves a helper behind where a message is repeated after the suite has
// read what it wanted, as on a busy machine.
func TestMain(m *testing.M) {
	const helper = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe."
	goleak.VerifyTestMain(withServer{m}, goleak.IgnoreAnyFunction(helper+"func2"), goleak.IgnoreAnyFunction(helper+"func3"))
}

// withServer ends the Redis server of the tests with them.
type withServer struct{ *testing.M }

// Run implements goleak.TestingM.
func (m withServer) Run() int {
	code := m.M.Run()
	if server.redis != nil {
		if err := server.redis.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

func conformanceOptions() watermillbus.SQLiteOptions {
	return watermillbus.SQLiteOptions{
		RedeliverAfter: 20 * time.Millisecond,
		RedeliverMax:   100 * time.Millisecond,
		PollEvery:      25 * time.Millisecond,
	}
}

func newBus(tb testing.TB, q *watermillbus.SQLite) *watermillbus.Bus {
	tb.Helper()
	b, err := watermillbus.New(q, q, watermillbus.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestConformanceInOneProcess(t *testing.T) {
	bustest.Run(t, func(tb testing.TB) (bus.Publisher, bus.Subscriber) {
		b := newBus(tb, open(tb, filepath.Join(tb.TempDir(), "bus.db"), conformanceOptions()))
		return b, b
	})
}

func TestConformanceAcrossProcesses(t *testing.T) {
	bustest.Run(t, func(tb testing.TB) (bus.Publisher, bus.Subscriber) {
		path := filepath.Join(tb.TempDir(), "bus.db")
		return newBus(tb, open(tb, path, conformanceOptions())), newBus(tb, open(tb, path, conformanceOptions()))
	})
}
