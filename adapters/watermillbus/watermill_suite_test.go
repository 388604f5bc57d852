package watermillbus_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
)

// suiteOptions shorten the delays, for the suite sends hundreds of Nacks.
func suiteOptions(group string) watermillbus.SQLiteOptions {
	return watermillbus.SQLiteOptions{
		Group:          group,
		RedeliverAfter: 5 * time.Millisecond,
		RedeliverMax:   50 * time.Millisecond,
		PollEvery:      25 * time.Millisecond,
	}
}

func open(tb testing.TB, path string, options watermillbus.SQLiteOptions) *watermillbus.SQLite {
	tb.Helper()
	q, err := watermillbus.OpenSQLite(tb.Context(), path, options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := q.Close(); err != nil {
			tb.Error(err)
		}
	})
	return q
}

// suitePath is one file per test of the suite, which opens it many times.
func suitePath(t *testing.T, dir string) string {
	return filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_")+".db")
}

var features = tests.Features{ConsumerGroups: true, Persistent: true}

// Every publisher and subscriber has a handle of its own, as separate processes have.
func TestWatermillSuiteOverManyHandles(t *testing.T) {
	dir := t.TempDir()
	inGroup := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		path := suitePath(t, dir)
		return open(t, path, suiteOptions(group)), open(t, path, suiteOptions(group))
	}
	tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
		return inGroup(t, "suite")
	}, inGroup)
}

// Publisher and subscriber share one handle, as in the embedded profile.
func TestWatermillSuiteOverOneHandle(t *testing.T) {
	dir := t.TempDir()
	inGroup := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		q := open(t, suitePath(t, dir), suiteOptions(group))
		return q, q
	}
	single := features
	single.RequireSingleInstance = true
	tests.TestPubSub(t, single, func(t *testing.T) (message.Publisher, message.Subscriber) {
		return inGroup(t, "suite")
	}, inGroup)
}
