package gatewayhttp

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "nonsense": 0, "999999999999": time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

func TestURL(t *testing.T) {
	for base, want := range map[string]string{
		"http://a:1":     "http://a:1/p",
		"https://a/sub/": "https://a/sub/p",
		"ftp://a":        "", "a:1": "", "": "", "http://": "", "http://u:p@a": "", "http://a?x=1": "", "http://a#x": "",
	} {
		if got, ok := URL(base, "/p", nil); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", base, got, ok)
		}
	}
}

// TestWhatLeft: a body that left as a whole may have been acted on, one that did not cannot.
func TestWhatLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // never read: a large body cannot leave
		}
	}()
	call := Call{Op: "send", Nature: Sends, Method: http.MethodPost, URL: "http://" + listener.Addr().String(), Timeout: 100 * time.Millisecond}
	client := Client(&http.Client{Transport: &http.Transport{}})
	for kind, body := range map[gateway.Kind]string{
		gateway.KindUnknown:   "small",
		gateway.KindTemporary: strings.Repeat("large", 20<<20),
	} {
		call.Body = []byte(body)
		if _, err := call.Do(t.Context(), client); gateway.KindOf(err) != kind {
			t.Errorf("after %d bytes: %v, want %s", len(body), err, kind)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 2000))
	}))
	call := Call{Op: "status", Method: http.MethodGet, URL: server.URL, Limit: 1000}
	client := Client(server.Client())
	if _, err := call.Do(t.Context(), client); err.(*gateway.Error).Code != CodeAnswerTooLarge {
		t.Errorf("a large answer: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call.Do(ended, client); err.(*gateway.Error).Code != CodeCanceled {
		t.Errorf("an ended context: %v", err)
	}
	server.Close()
	call.Nature, call.Body = Sends, []byte("x")
	if _, err := call.Do(t.Context(), client); gateway.KindOf(err) != gateway.KindTemporary || err.(*gateway.Error).Code != CodeDial {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestNotAnsweredIsProvenByTheBody(t *testing.T) {
	o := &outgoing{data: []byte("0123456789")}
	body, _ := o.open()
	if n, err := body.Read(make([]byte, 4)); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if o.stop() {
		t.Error("a part of the body counted as the whole")
	}
	if _, err := body.Read(make([]byte, 100)); err == nil {
		t.Error("the rest of the body could be read after the call had failed; it could still be sent")
	}
}
