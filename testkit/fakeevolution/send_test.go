package fakeevolution_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func text(s string) fakewhatsapp.Message { return fakewhatsapp.Message{Text: s} }

func TestSendText(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	status, body := s.sendText("a", "Oferta <b>&</b> R$ 10")
	posts := s.world.Posted()
	if status != 201 || len(posts) != 1 || posts[0].Text != "Oferta <b>&</b> R$ 10" || posts[0].Via != "a" || posts[0].Author != s.bia.JID() {
		t.Fatalf("%d %v, ledger %+v", status, body, posts)
	}
	id := get[string](body, "key", "id")
	if id != string(posts[0].ID) || !strings.HasPrefix(id, "3EB0") || get[string](body, "status") != "PENDING" || !get[bool](body, "key", "fromMe") {
		t.Errorf("answer: %v", body)
	}
	s.idle()
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, []string{"send.message", "messages.update"}) {
		t.Fatalf("webhooks %q", got)
	}
	if get[string](hooks[0].body, "data", "key", "id") != id || get[string](hooks[0].body, "data", "message", "conversation") != posts[0].Text {
		t.Errorf("echo: %v", hooks[0].body)
	}
	if get[string](hooks[1].body, "data", "keyId") != id || get[string](hooks[1].body, "data", "status") != "SERVER_ACK" {
		t.Errorf("ack: %v", hooks[1].body)
	}
	if _, list := s.call("POST", "/chat/findStatusMessage/a", map[string]any{"where": map[string]any{"id": id}}); get[string](list, 0, "status") != "SERVER_ACK" {
		t.Errorf("findStatusMessage: %v", list)
	}
}

func TestSendRefusals(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	announce := s.newGroup(fakewhatsapp.GroupSpec{Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.bia}, Announce: true})
	stranger := s.newGroup(fakewhatsapp.GroupSpec{Members: []*fakewhatsapp.Phone{s.ana}})
	for _, c := range []struct {
		number  core.JID
		text    string
		message string
	}{
		{s.group.JID(), "  ", "Text is required"},
		{"120363999999999999@g.us", "x", "[object Object]"},
		{stranger.JID(), "x", "[object Object]"},
		{announce.JID(), "x", "Error: forbidden"},
		{"5511900000009", "x", "map[exists:false jid:5511900000009 number:5511900000009]"},
	} {
		status, body := s.call("POST", "/message/sendText/a", map[string]any{"number": c.number, "text": c.text})
		if got := fmt.Sprint(get[any](body, "response", "message", 0)); status != 400 || got != c.message {
			t.Errorf("%s: %d %v", c.number, status, body)
		}
	}
	digits := strings.TrimSuffix(string(s.group.JID()), "@g.us")
	if status, _ := s.call("POST", "/message/sendText/a", map[string]any{"number": digits, "text": "x"}); status != 201 {
		t.Errorf("18 digits are a group: %d", status)
	}
	if n := len(s.world.Posted()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

func TestSendMedia(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/x.jpg" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "from a URL")
	}))
	defer files.Close()
	data := base64.StdEncoding.EncodeToString([]byte("inline"))
	for _, c := range []struct {
		name            string
		mediatype       string
		media, fileName string
		status          int
		want, mimetype  string
	}{
		{"base64", "image", data, "x.jpg", 201, "inline", "image/jpeg"},
		{"no file name", "image", data, "", 201, "inline", "image/png"},
		{"URL by IP", "image", files.URL + "/x.jpg", "x.jpg", 201, "from a URL", "image/jpeg"},
		{"URL that is not there", "image", files.URL + "/y.jpg", "x.jpg", 500, "", ""},
		{"data URI", "image", "data:image/png;base64," + data, "x.jpg", 400, "", ""},
		{"host without a dot", "image", "http://minio:9000/x.jpg", "x.jpg", 400, "", ""},
		{"nameless document", "document", data, "", 400, "", ""},
		{"document", "document", data, "x.pdf", 201, "inline", "application/pdf"},
		{"unknown type", "hologram", data, "", 400, "", ""},
	} {
		before := len(s.world.Posted())
		status, body := s.call("POST", "/message/sendMedia/a", map[string]any{
			"number": s.group.JID(), "mediatype": c.mediatype, "media": c.media, "fileName": c.fileName, "caption": "legenda",
		})
		posts := s.world.Posted()[before:]
		if status != c.status || (len(posts) == 1) != (status == 201) {
			t.Errorf("%s: %d %v, %d posts", c.name, status, body, len(posts))
			continue
		}
		if status == 201 && (string(posts[0].Media.Data) != c.want || posts[0].Media.MimeType != c.mimetype || posts[0].Text != "legenda") {
			t.Errorf("%s: posted %+v", c.name, posts[0])
		}
	}
}

func TestSendUpload(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range map[string]string{"number": string(s.group.JID()), "mediatype": "image", "caption": "legenda"} {
		s.must(form.WriteField(k, v))
	}
	part, err := form.CreateFormFile("file", "x.jpg")
	s.must(err)
	_, err = part.Write([]byte("uploaded"))
	s.must(err)
	s.must(form.Close())
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.api.URL+"/message/sendMedia/a", &body)
	s.must(err)
	req.Header.Set("apikey", globalKey)
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := s.client.Do(req)
	s.must(err)
	defer resp.Body.Close()
	posts := s.world.Posted()
	if resp.StatusCode != 201 || len(posts) != 1 || string(posts[0].Media.Data) != "uploaded" || posts[0].Media.MimeType != "image/jpeg" || posts[0].Text != "legenda" {
		t.Errorf("%d, posts %+v", resp.StatusCode, posts)
	}
}

// TestLedgerKnowsTheTruth sends under every fault: whatever the answer says, the ledger
// has the message when and only when it was posted, and the row and the echo exist when
// the server itself saw it succeed.
func TestLedgerKnowsTheTruth(t *testing.T) {
	for _, c := range []struct {
		name          string
		fault         fakeevolution.Fault
		status        int
		posted, saved bool
	}{
		{"no group metadata", fakeevolution.NoGroupMetadata(), 400, false, false},
		{"connection closed", fakeevolution.ConnectionClosed(), 400, false, false},
		{"timed out, not sent", fakeevolution.TimedOut(), 400, false, false},
		{"timed out, sent", fakeevolution.TimedOut().AfterPosting(), 400, true, false},
		{"not acceptable", fakeevolution.NotAcceptable(), 400, false, false},
		{"forbidden", fakeevolution.Forbidden(), 400, false, false},
		{"no sessions", fakeevolution.NoSessions(), 400, false, false},
		{"rate", fakeevolution.RateOverlimit(), 400, false, false},
		{"row not stored", fakeevolution.RowNotStored(), 400, true, false},
		{"database down", fakeevolution.DatabaseDown(), 500, false, false},
		{"no key", fakeevolution.NoKey(), 201, true, true},
		{"reset before", fakeevolution.Reset(), 0, false, false},
		{"reset after", fakeevolution.Reset().AfterPosting(), 0, true, true},
		{"bad gateway", fakeevolution.BadGateway(), 502, false, false},
		{"bad gateway after", fakeevolution.BadGateway().AfterPosting(), 502, true, true},
		{"page", fakeevolution.HTMLPage(), 200, false, false},
		{"too many", fakeevolution.TooManyRequests(1500 * time.Millisecond), 429, false, false},
		{"unauthorized", fakeevolution.Unauthorized(), 401, false, false},
		{"license", fakeevolution.LicenseRequired(), 503, false, false},
		{"slow", fakeevolution.Slow(time.Millisecond), 201, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, fakeevolution.Options{})
			s.open("a", s.bia)
			s.hooks.take()
			s.server.Next(c.fault.For("a"))
			status, _, err := s.try("POST", "/message/sendText/a", globalKey, map[string]any{"number": s.group.JID(), "text": "oferta"})
			if status != c.status || (err != nil) != (c.status == 0) {
				t.Errorf("answer %d, error %v", status, err)
			}
			if n := len(s.world.Posted()); (n == 1) != c.posted {
				t.Errorf("%d posts", n)
			}
			s.server.ClearFaults()
			s.idle()
			if n := len(s.hooks.take()); (n == 2) != c.saved {
				t.Errorf("%d webhooks", n)
			}
			_, body := s.call("POST", "/chat/findMessages/a", map[string]any{"where": map[string]any{"key": map[string]any{"fromMe": true}}})
			if total := get[float64](body, "messages", "total"); (total == 1) != c.saved {
				t.Errorf("%v rows", total)
			}
			if status, _ := s.sendText("a", "next"); status != 201 {
				t.Errorf("the next send: %d", status)
			}
			calls := s.server.Calls()
			if last := calls[len(calls)-1]; last.Op != fakeevolution.OpSendText || last.Status != 201 || !strings.Contains(string(last.Body), "next") {
				t.Errorf("last call %+v", last)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.server.Next(fakeevolution.TooManyRequests(1500 * time.Millisecond))
	resp, err := s.client.Do(s.request(t.Context(), "/message/sendText/a"))
	s.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func (s *scene) request(ctx context.Context, path string) *http.Request {
	s.t.Helper()
	body := fmt.Sprintf(`{"number":%q,"text":"oferta"}`, s.group.JID())
	req, err := http.NewRequestWithContext(ctx, "POST", s.api.URL+path, strings.NewReader(body))
	s.must(err)
	req.Header.Set("apikey", globalKey)
	return req
}

func TestHang(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.server.Next(fakeevolution.Hang(), fakeevolution.Hang().AfterPosting())
	for _, posts := range []int{0, 1} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			resp, err := s.client.Do(s.request(ctx, "/message/sendText/a"))
			if err == nil {
				resp.Body.Close()
			}
			done <- err
		}()
		s.waitCalls(posts + 2) // create came first
		cancel()               // the client gives up
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("answered: %v", err)
		}
		if n := len(s.world.Posted()); n != posts {
			t.Errorf("%d posts, want %d", n, posts)
		}
	}
}

// waitCalls waits for the server to have got so many requests.
func (s *scene) waitCalls(n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	_, err := s.server.WaitInstance(ctx, func(fakeevolution.Instance) bool { return len(s.server.Calls()) >= n })
	s.must(err)
}

func TestLicenseMode(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.server.Next(fakeevolution.LicenseRequired())
	for _, path := range []string{"/instance/fetchInstances", "/instance/connectionState/a", "/instance/fetchInstances"} {
		if status, body := s.call("GET", path, nil); status != 503 || get[string](body, "code") != "LICENSE_REQUIRED" {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
	s.server.ClearFaults()
	if status, _ := s.call("GET", "/instance/fetchInstances", nil); status != 200 {
		t.Errorf("activated: %d", status)
	}
}

func TestFaultsAreAimed(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.open("b", s.ana)
	s.server.Next(fakeevolution.Forbidden().For("a"), fakeevolution.TimedOut().Repeat(2), fakeevolution.ErrorInOK())
	for i, want := range []struct {
		instance string
		status   int
		message  string
	}{{"b", 400, "Error: Timed Out"}, {"a", 400, "Error: forbidden"}, {"a", 400, "Error: Timed Out"}, {"b", 201, ""}} {
		status, body := s.sendText(want.instance, "x")
		if status != want.status || get[string](body, "response", "message", 0) != want.message {
			t.Errorf("send %d: %d %v", i, status, body)
		}
	}
	if status, body := s.call("GET", "/instance/connect/a", nil); status != 200 || !get[bool](body, "error") {
		t.Errorf("connect: %d %v", status, body)
	}
}
