package webhooks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// receiver notes what comes in and answers with the next of its statuses, then 200.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	got      []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.statuses) > 0 {
		status := r.statuses[0]
		r.statuses = r.statuses[1:]
		w.WriteHeader(status)
		if status != http.StatusOK {
			return
		}
	}
	r.got = append(r.got, string(body))
}

func start(t *testing.T, statuses ...int) (*webhooks.Courier, *receiver, func(event string)) {
	r := &receiver{statuses: statuses}
	server := httptest.NewServer(r)
	c := webhooks.New(&http.Client{}, nil)
	t.Cleanup(func() { c.Close(); server.Close() })
	return c, r, func(event string) {
		c.Send(webhooks.Letter{
			Session: "s", Event: event, URL: server.URL, Body: []byte(event), Header: http.Header{},
			Policy: webhooks.Policy{
				Attempts: 3, Timeout: time.Minute,
				Wait:  func(int, float64) time.Duration { return time.Microsecond },
				Final: func(status int) bool { return status == http.StatusNotFound },
			},
		})
	}
}

func idle(t *testing.T, c *webhooks.Courier) []webhooks.Delivery {
	t.Helper()
	if err := c.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Deliveries()
}

func TestRetriesUntilTheyEnd(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []int
		attempts int
		outcome  webhooks.Outcome
	}{
		"at once":   {nil, 1, webhooks.Delivered},
		"after two": {[]int{500, 503}, 3, webhooks.Delivered},
		"final":     {[]int{500, 404, 200}, 2, webhooks.Refused},
		"never":     {[]int{500, 500, 500}, 3, webhooks.GaveUp},
	} {
		courier, _, send := start(t, c.answers...)
		send("e")
		if d := idle(t, courier); len(d) != 1 || d[0].Outcome != c.outcome || len(d[0].Statuses) != c.attempts {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestFaults(t *testing.T) {
	courier, r, send := start(t)
	courier.Next(webhooks.Fault{Do: webhooks.Lose}, webhooks.Fault{Do: webhooks.Hold},
		webhooks.Fault{Do: webhooks.Swap}, webhooks.Fault{Do: webhooks.Duplicate, Event: "5"})
	for _, event := range []string{"1", "2", "3", "4", "5"} {
		send(event)
	}
	idle(t, courier)
	courier.Release()
	d := idle(t, courier)
	if want := []string{"4", "3", "5", "5", "2"}; !slices.Equal(r.got, want) {
		t.Errorf("got %q, want %q", r.got, want)
	}
	if len(d) != 6 || d[0].Outcome != webhooks.Lost {
		t.Errorf("deliveries %+v", d)
	}
}

func TestDropLosesWhatWaits(t *testing.T) {
	courier, r, send := start(t)
	courier.Next(webhooks.Fault{Do: webhooks.Hold})
	send("held")
	courier.Drop()
	courier.Release()
	send("later")
	if d := idle(t, courier); d[0].Outcome != webhooks.Lost || d[1].Outcome != webhooks.Delivered || len(r.got) != 1 {
		t.Errorf("deliveries %+v, got %q", d, r.got)
	}
	courier.Close()
	send("too late")
	if d := courier.Deliveries(); d[2].Outcome != webhooks.Lost {
		t.Errorf("after Close: %+v", d[2])
	}
}
