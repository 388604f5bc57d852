package gatewaytest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func networkCases() []Case {
	server, posting := []Need{NeedServer}, []Need{NeedServer, NeedPhones}
	return []Case{
		{Name: "ALostAnswerIsUnknown", Needs: posting, Run: aLostAnswer},
		{Name: "HalfAnAnswerIsUnknown", Needs: posting, Run: halfAnAnswer},
		{Name: "FindSentSettlesALostAnswer", Needs: []Need{NeedServer, NeedPhones, NeedLookup}, Run: findSentSettles},
		{Name: "ALoginPageIsUnknown", Needs: server, Run: aLoginPage},
		{Name: "ABadGatewayIsUnknown", Needs: server, Run: aBadGateway},
		{Name: "CancelWhileWaitingIsUnknownAndQuick", Needs: server, Run: cancelWhileWaiting},
		{Name: "EveryMethodHonoursItsDeadline", Needs: server, Run: deadlines},
		{Name: "NobodyListeningIsTemporary", Needs: server, Run: nobodyListening},
		{Name: "RetryAfterIsHeard", Needs: server, Run: retryAfterIsHeard},
		{Name: "RedirectsAreRefused", Needs: server, Run: redirectsAreRefused},
		{Name: "AnEndlessAnswerIsCutOff", Needs: server, Run: anEndlessAnswer},
		{Name: "ErrorsHoldNoSecrets", Needs: server, Run: errorsHoldNoSecrets},
	}
}

// through serves the provider's address with something in front of it.
func (r run) through(s gateway.Session, front func(provider http.Handler) http.Handler) gateway.Session {
	r.Helper()
	target, err := url.Parse(s.ServerURL)
	r.must(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(front(proxy))
	r.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.ServerURL = server.URL
	return s
}

// answering serves one answer to everything.
func (r run) answering(s gateway.Session, answer http.HandlerFunc) gateway.Session {
	r.Helper()
	return r.through(s, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			answer(w, req)
		})
	})
}

func aLostAnswer(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-lost")
	lossy := r.through(s, func(provider http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			provider.ServeHTTP(httptest.NewRecorder(), req)
			panic(http.ErrAbortHandler) // the documented way to cut the connection
		})
	})
	_, err := h.Gateway.Send(r.ctx, lossy, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "the request left as a whole and the message is posted; only the answer was lost", gateway.KindUnknown)
	if n := len(r.posts(s.Name, chat)); n != 1 {
		r.Errorf("%d posts after one Send with a lost answer; the message must have left once and must not be repeated by the adapter or its HTTP client", n)
	}
}

// halfAnAnswer lets the provider do the work and cuts its answer off in the middle.
func halfAnAnswer(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-half")
	half := r.through(s, func(provider http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			whole := httptest.NewRecorder()
			provider.ServeHTTP(whole, req)
			w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
			w.WriteHeader(whole.Code)
			body := whole.Body.Bytes()
			_, _ = w.Write(body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler) // the documented way to cut the connection
		})
	})
	_, err := h.Gateway.Send(r.ctx, half, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "the message is posted; what arrived of the answer proves nothing by itself", gateway.KindUnknown)
	r.wantOnlyPostsAfterNil(s, chat, err)
}

func findSentSettles(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-settles")
	since := time.Now().Add(-time.Minute)
	lossy := r.through(s, func(provider http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			provider.ServeHTTP(httptest.NewRecorder(), req)
			panic(http.ErrAbortHandler)
		})
	})
	_, err := h.Gateway.Send(r.ctx, lossy, gateway.Outbound{To: chat, Text: trickyText})
	r.wantKind(err, "only the answer was lost", gateway.KindUnknown)
	finder, ok := h.Gateway.(gateway.SentFinder)
	if !ok {
		r.Fatal("Capabilities.SentLookup claims a look-up, but the gateway has no FindSent")
	}
	r.eventually("FindSent proves that a send whose answer was lost had left", func() bool {
		found, _, err := finder.FindSent(r.ctx, s, gateway.SentQuery{Chat: chat, Text: trickyText, Since: since})
		return err == nil && found
	})
}

func aLoginPage(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-page"), elsewhere
	page := r.answering(s, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Please sign in</html>")
	})
	_, err := h.Gateway.Send(r.ctx, page, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "a page in front of the provider proves neither that the message left nor that it did not", gateway.KindUnknown)
	_, err = h.Gateway.Status(r.ctx, page)
	r.wantKind(err, "an unreadable answer to a question says nothing about the session", gateway.KindTemporary)
}

func aBadGateway(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-502"), elsewhere
	bad := r.answering(s, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>502 Bad Gateway</html>", http.StatusBadGateway)
	})
	_, err := h.Gateway.Send(r.ctx, bad, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "a proxy says 502 also when the provider behind it took the request and then broke", gateway.KindUnknown)
	_, err = h.Gateway.Status(r.ctx, bad)
	r.wantKind(err, "the provider is down for a moment; the session is not gone", gateway.KindTemporary)
}

func cancelWhileWaiting(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-cancel"), elsewhere
	arrived := make(chan struct{}, 1)
	silent := r.answering(s, func(_ http.ResponseWriter, req *http.Request) {
		arrived <- struct{}{}
		<-req.Context().Done()
	})
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := h.Gateway.Send(ctx, silent, gateway.Outbound{To: chat, Text: plainText})
		failed <- err
	}()
	select {
	case <-arrived:
	case <-r.ctx.Done():
		r.Fatal("the request never reached the server")
	}
	cancel()
	select {
	case err := <-failed:
		r.wantKind(err, "the request had arrived, so it may still be carried out", gateway.KindUnknown)
	case <-time.After(r.Patience / 2):
		r.Error("Send did not return after its context ended; every method must return soon after")
	}
}

func nobodyListening(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-nobody-listens"), elsewhere
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	s.ServerURL = "http://" + listener.Addr().String()
	r.must(listener.Close())
	_, err = h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "no connection was made, so nothing can have been sent and a retry is safe", gateway.KindTemporary)
	_, err = h.Gateway.Status(r.ctx, s)
	r.wantKind(err, "a provider that is down says nothing about the session", gateway.KindTemporary)
}

func retryAfterIsHeard(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-retry"), elsewhere
	for value, want := range map[string][2]time.Duration{
		"7":         {7 * time.Second, 7 * time.Second},
		"":          {0, 0},
		"nonsense":  {0, 0},
		"999999999": {time.Minute, time.Hour},
		time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat): {9 * time.Minute, 10 * time.Minute},
	} {
		busy := r.answering(s, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			http.Error(w, `{"error":"Too Many Requests"}`, http.StatusTooManyRequests)
		})
		_, err := h.Gateway.Send(r.ctx, busy, gateway.Outbound{To: chat, Text: plainText})
		r.wantKind(err, "429 is answered before the work", gateway.KindRateLimited)
		if got := gateway.RetryAfterOf(err); got < want[0] || got > want[1] {
			r.Errorf("Retry-After %q was read as %v; seconds and dates must both be understood, and no more than an hour believed", value, got)
		}
	}
}

func redirectsAreRefused(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-redirect"), elsewhere
	var visits atomic.Int64
	var leaked atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		visits.Add(1)
		for _, values := range req.Header {
			for _, v := range values {
				if !s.ServerKey.IsZero() && strings.Contains(v, s.ServerKey.Reveal()) ||
					!s.Token.IsZero() && strings.Contains(v, s.Token.Reveal()) {
					leaked.Store(true)
				}
			}
		}
	}))
	r.Cleanup(elsewhere.Close)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		away := r.answering(s, func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, elsewhere.URL+req.URL.Path, status)
		})
		if _, err := h.Gateway.Send(r.ctx, away, gateway.Outbound{To: chat, Text: plainText}); err == nil {
			r.Errorf("Send took a %d redirect for success", status)
		}
		if _, err := h.Gateway.Status(r.ctx, away); err == nil {
			r.Errorf("Status took a %d redirect for an answer", status)
		}
	}
	if visits.Load() > 0 {
		r.Errorf("%d requests followed a redirect to another host (key sent along: %v); an adapter must refuse redirects, or whoever controls one gets the key", visits.Load(), leaked.Load())
	}
}

func anEndlessAnswer(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-endless")
	var written atomic.Int64
	endless := r.answering(s, func(w http.ResponseWriter, req *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for req.Context().Err() == nil && written.Load() < 32<<20 {
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	_, err := h.Gateway.Status(r.ctx, endless)
	if err == nil {
		r.Error("an answer of 32 MiB of nothing was taken for a status")
	}
	if written.Load() >= 32<<20 {
		r.Error("the adapter read 32 MiB of one answer; it must stop at a bound, or one broken server takes the memory of all tenants")
	}
}

func errorsHoldNoSecrets(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.provisioned("conf-secrets"), elsewhere
	hook := r.Provider.Webhook(s.Name)
	secrets := []string{s.ServerKey.Reveal(), s.Token.Reveal(), hook.Secret.Reveal(), plainText, ourPhone}
	// A server that repeats what it was told, as stack traces do.
	echo := `{"status":400,"error":"Bad Request","response":{"message":["` + strings.Join(secrets, `","`) + `"]}}`
	parrot := r.answering(s, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, echo, http.StatusBadRequest)
	})
	wrong := s
	wrong.ServerKey, wrong.Token = core.NewSecret("wrong-key-0123456789"), core.NewSecret("wrong-token-0123456789")
	secrets = append(secrets, wrong.ServerKey.Reveal(), wrong.Token.Reveal())
	for _, session := range []gateway.Session{parrot, wrong} {
		_, err := h.Gateway.Send(r.ctx, session, gateway.Outbound{To: chat, Text: plainText})
		if err == nil {
			r.Error("Send succeeded where it had to fail")
		}
		r.wantNoSecrets(err, secrets...)
		_, err = h.Gateway.Status(r.ctx, session)
		r.wantNoSecrets(err, secrets...)
		_, err = h.Gateway.Groups(r.ctx, session)
		r.wantNoSecrets(err, secrets...)
		_, err = h.Gateway.Provision(r.ctx, session, hook)
		r.wantNoSecrets(err, secrets...)
	}
}
