package gatewaytest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func streamCases() []Case {
	needs := []Need{NeedStreamer, NeedPhones}
	return []Case{
		{Name: "OnlyTheHostReachesASession", Needs: []Need{NeedStreamer}, Run: onlyTheHost},
		{Name: "StreamOfAnUnknownSessionIsNotFound", Needs: []Need{NeedStreamer}, Run: streamOfNobody},
		{Name: "StreamEndsWithItsContext", Needs: needs, Run: streamEnds},
		{Name: "StreamHandsOverOneByOne", Needs: needs, Run: streamOneByOne},
		{Name: "StreamBringsBackWhatWasRefused", Needs: needs, Run: streamRefused},
		{Name: "StreamBringsWhatWasMissed", Needs: needs, Run: streamMissed},
	}
}

// stream is a session hosted by a case.
type stream struct {
	stop  context.CancelFunc
	ended chan struct{}
	err   error // of Stream, once it has ended

	mu     sync.Mutex
	events []gateway.Event
	busy   int // calls of handle under way
	mixed  bool
	refuse func(gateway.Event) bool // nil to take everything
}

func (st *stream) handle(_ context.Context, e gateway.Event) error {
	st.mu.Lock()
	st.busy++
	st.mixed = st.mixed || st.busy > 1
	st.mu.Unlock()
	time.Sleep(time.Millisecond) // long enough for a second call to show itself
	st.mu.Lock()
	defer st.mu.Unlock()
	st.busy--
	if st.refuse != nil && st.refuse(e) {
		return errors.New("the database is away")
	}
	st.events = append(st.events, e)
	return nil
}

// taken lists the events that were taken so far.
func (st *stream) taken() []gateway.Event {
	st.mu.Lock()
	defer st.mu.Unlock()
	return slices.Clone(st.events)
}

// host streams a session until the end of the case, where the gateway streams.
func (r run) host(s gateway.Session) *stream {
	r.Helper()
	streamer, ok := r.Gateway.(gateway.Streamer)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	st := &stream{stop: cancel, ended: make(chan struct{})}
	go func() {
		defer close(st.ended)
		st.err = streamer.Stream(ctx, s, st.handle)
	}()
	r.Cleanup(func() { r.unhost(st) })
	r.streams[s.Name] = st
	r.eventually("the host of a session reaches it", func() bool {
		_, err := r.Gateway.Status(r.ctx, s)
		return gateway.KindOf(err) != gateway.KindNotConnected
	})
	return st
}

// unhost ends a stream and waits for it.
func (r run) unhost(st *stream) {
	st.stop()
	select {
	case <-st.ended:
	case <-time.After(r.Patience):
		r.Errorf("Stream did not return within %v of its context's end", r.Patience)
	}
}

func onlyTheHost(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.unhosted("conf-unhosted")
	const why = "the connection lives in another process, and doing the work here as well would be a second connection that WhatsApp cuts off"
	_, err := h.Gateway.Connect(r.ctx, s)
	r.wantKind(err, why, gateway.KindNotConnected)
	_, err = h.Gateway.Status(r.ctx, s)
	r.wantKind(err, why, gateway.KindNotConnected)
	_, err = h.Gateway.Groups(r.ctx, s)
	r.wantKind(err, why, gateway.KindNotConnected)
	_, err = h.Gateway.Send(r.ctx, s, gateway.Outbound{To: elsewhere, Text: plainText})
	r.wantKind(err, why, gateway.KindNotConnected)
}

func streamOfNobody(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	ctx, cancel := context.WithTimeout(r.ctx, r.Patience/2)
	defer cancel()
	err := h.Gateway.(gateway.Streamer).Stream(ctx, r.Provider.Session(r.fresh("conf-nobody")), func(context.Context, gateway.Event) error { return nil })
	r.wantKind(err, "nothing will ever come of it, so its host must give the lease back", gateway.KindNotFound)
}

func streamEnds(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-ends")
	st := r.streams[s.Name]
	r.unhost(st)
	if st.err != nil {
		r.Errorf("Stream returned %v at the end of its context; that is how a host gives a session up, and it must be nil", st.err)
	}
	_, err := h.Gateway.Status(r.ctx, s)
	r.wantKind(err, "the connection must be closed when Stream has returned, for the next host opens its own", gateway.KindNotConnected)
}

func streamOneByOne(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-one-by-one")
	const n = 10
	for i := range n {
		r.happen(s, Happening{Kind: Texted, Chat: chat, Text: plainText + string(rune('a'+i))})
	}
	st := r.streams[s.Name]
	var texts []string
	r.eventually("all messages are handed over", func() bool {
		texts = nil
		for _, e := range st.taken() {
			if m, ok := e.(gateway.Message); ok && m.Text != "" {
				texts = append(texts, m.Text[len(plainText):])
			}
		}
		return len(texts) >= n
	})
	if !slices.IsSorted(texts) || len(texts) != n {
		r.Errorf("%d messages came as %q; they must come once and in their order, for an edit follows what it edits", n, texts)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.mixed {
		r.Error("handle was called again before it had returned; events of one session come one at a time")
	}
}

func streamRefused(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-refused")
	st := r.streams[s.Name]
	refusals := 0
	st.mu.Lock()
	st.refuse = func(e gateway.Event) bool {
		if m, ok := e.(gateway.Message); ok && m.Text == trickyText {
			refusals++
			return refusals <= 2
		}
		return false
	}
	st.mu.Unlock()
	r.happen(s, Happening{Kind: Texted, Chat: chat, Text: trickyText})
	r.eventually("a message that could not be stored comes again", func() bool {
		return slices.ContainsFunc(st.taken(), func(e gateway.Event) bool {
			m, ok := e.(gateway.Message)
			return ok && m.Text == trickyText
		})
	})
}

func streamMissed(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-missed")
	r.unhost(r.streams[s.Name])
	r.happen(s, Happening{Kind: Texted, Chat: chat, Text: trickyText})
	st := r.host(s)
	r.eventually("the next host gets what came while there was none", func() bool {
		return slices.ContainsFunc(st.taken(), func(e gateway.Event) bool {
			m, ok := e.(gateway.Message)
			return ok && m.Text == trickyText
		})
	})
}

// happen makes something happen in the WhatsApp of a streamed session.
func (r run) happen(s gateway.Session, what Happening) {
	r.Helper()
	ok, err := r.Provider.(Happener).Happen(s.Name, what)
	r.must(err)
	if !ok {
		r.Skipf("skipped: the provider never tells this: %s", what.Kind)
	}
}
