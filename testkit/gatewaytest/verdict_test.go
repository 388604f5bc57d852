package gatewaytest

import (
	"testing"
)

// ended is a test that has ended so.
type ended struct {
	testing.TB
	failed, skipped bool
}

func (e ended) Failed() bool  { return e.failed }
func (e ended) Skipped() bool { return e.skipped }

func TestVerdict(t *testing.T) {
	var v verdict
	v.note("A", ended{}, "")
	v.note("B", ended{failed: true}, "")
	v.note("C", ended{skipped: true}, "no phones")
	v.note("D", ended{skipped: true}, "no phones")
	v.note("E", ended{skipped: true}, "no webhooks")
	const want = "verdict: 1 promises kept, 1 broken, 3 not judged" +
		"\n  broken: B" +
		"\n  not judged, no phones: C, D" +
		"\n  not judged, no webhooks: E"
	if got := v.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
