package linkstest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

// brokenMinters names, for each fault, the case that has to notice.
var brokenMinters = map[fault]string{
	"the link is tidied up":          "ReturnsTheLinkAsAnswered",
	"another store's name":           "ReturnsTheLinkAsAnswered",
	"another target":                 "ReturnsTheLinkAsAnswered",
	"half a sub-id":                  "PassesSubIDs",
	"a sub-id nobody asked for":      "PassesSubIDs",
	"a refusal may pass":             "RefusalIsRefused",
	"a refusal is tried again":       "RefusalIsRefused",
	"trouble is a refusal":           "TroublePasses",
	"trouble stays":                  "TroublePasses",
	"repeats without end":            "RepeatsAreBounded",
	"any link is the store's":        "HostileLinksAreNotReturned",
	"the host's name is enough":      "HostileLinksAreNotReturned",
	"garbage is searched for a link": "GarbageIsNoLink",
	"garbage panics":                 "GarbageIsNoLink",
	"garbage is a refusal":           "GarbageIsNoLink",
	"done without a link":            "SuccessWithoutALinkIsAnError",
	"waits as long as it takes":      "SlowAnswersAreGivenUp",
	"the context is ignored":         "ContextEndsTheCall",
	"a request for nobody":           "ContextEndsTheCall",
	"the error quotes the secret":    "CredentialsStayOutOfErrors",
	"the error quotes the answer":    "CredentialsStayOutOfErrors",
}

const goodLink = "https://s.shop.example/Ab3"

// success is what the fake API answers with a link; refusals and trouble are statuses.
type success struct {
	Links []string `json:"links"`
}

// shopAPI is a fake of a made-up store's API, directed by the suite.
func shopAPI(script *linkstest.MinterScript) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// Reading all of it lets the server notice a caller who leaves.
		_ = r.ParseForm()
		call := linkstest.MintCall{Target: r.PostForm.Get("url"), SubID: strings.Join(r.PostForm["sub"], "-")}
		switch a := script.Next(r.Context(), call); a.Kind {
		case linkstest.AnswerLink:
			_ = json.NewEncoder(w).Encode(success{Links: []string{a.Link}})
		case linkstest.AnswerBody:
			_, _ = io.WriteString(w, a.Body)
		case linkstest.AnswerWrongCredentials:
			w.WriteHeader(http.StatusUnauthorized)
		case linkstest.AnswerPageRefused:
			w.WriteHeader(http.StatusUnprocessableEntity)
		case linkstest.AnswerTrouble:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

func minterHarness(f fault, patience time.Duration) linkstest.MinterHarness {
	return linkstest.MinterHarness{
		Link: goodLink, Empty: []string{`{"links":[]}`, `{"links":null}`},
		Patience: patience,
		New: func(tb testing.TB, script *linkstest.MinterScript) (links.Minter, links.MintRequest) {
			server := httptest.NewServer(shopAPI(script))
			tb.Cleanup(server.Close)
			return &shopMinter{fault: f, api: server.URL, client: server.Client()}, links.MintRequest{
				Target: "https://shop.example/product/1",
				Tag:    core.Tag{Store: "shop", Fields: map[string]string{"app_id": "app-123", "app_secret": "secret-456"}},
				SubID:  core.SubID{Group: "gaaaaaaaa", Offer: "obbbbbbbb"},
			}
		},
	}
}

// shopMinter keeps every promise of the port, or all but one.
type shopMinter struct {
	fault  fault
	api    string
	client *http.Client
	down   bool
}

func (m *shopMinter) Store() string {
	if m.fault == "another store's name" {
		return "other"
	}
	return "shop"
}

func (m *shopMinter) Mint(ctx context.Context, r links.MintRequest) (string, error) {
	if m.fault == "the context is ignored" {
		ctx = context.WithoutCancel(ctx)
	}
	if m.fault == "a request for nobody" && ctx.Err() != nil {
		_, _ = m.ask(context.Background(), r)
	}
	if m.fault != "waits as long as it takes" {
		limited, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	tries := 2
	if m.fault == "repeats without end" {
		tries = 50
	}
	var last error
	for range tries {
		link, err := m.ask(ctx, r)
		if err == nil || errors.Is(err, links.ErrRefused) && m.fault != "a refusal is tried again" {
			return link, err
		}
		last = err
	}
	return "", last
}

func (m *shopMinter) ask(ctx context.Context, r links.MintRequest) (string, error) {
	form := url.Values{"url": {r.Target}}
	switch {
	case m.fault == "half a sub-id":
		form["sub"] = []string{r.SubID.Group}
	case m.fault == "a sub-id nobody asked for":
		form["sub"] = []string{r.SubID.Group, r.SubID.Offer, "x"}
	case r.SubID != (core.SubID{}):
		form["sub"] = []string{r.SubID.Group, r.SubID.Offer}
	}
	if m.fault == "another target" {
		form.Set("url", "https://shop.example/")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.api, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("no request")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := m.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("the API did not answer: %w", ctx.Err())
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", errors.New("the answer broke off")
	}
	return m.read(res.StatusCode, body, r.Tag)
}

func (m *shopMinter) read(status int, body []byte, tag core.Tag) (string, error) {
	switch status {
	case http.StatusUnauthorized, http.StatusUnprocessableEntity:
		switch m.fault {
		case "a refusal may pass":
			return "", errors.New("refused")
		case "the error quotes the secret":
			return "", fmt.Errorf("%w: %s", links.ErrRefused, tag.Fields["app_secret"])
		}
		return "", links.ErrRefused
	case http.StatusServiceUnavailable:
		if m.fault == "trouble is a refusal" {
			return "", links.ErrRefused
		}
		m.down = true
		return "", errors.New("the API is down")
	}
	if m.down && m.fault == "trouble stays" {
		return "", errors.New("the API was down once")
	}
	var s success
	if err := json.Unmarshal(body, &s); err != nil || s.Links == nil || bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		switch {
		case m.fault == "garbage panics":
			panic("garbage")
		case m.fault == "garbage is a refusal":
			return "", links.ErrRefused
		case m.fault == "garbage is searched for a link" && bytes.Contains(body, []byte(goodLink)):
			return goodLink, nil
		case m.fault == "the error quotes the answer":
			return "", fmt.Errorf("not an answer: %s", body)
		}
		return "", errors.New("not an answer")
	}
	if len(s.Links) != 1 {
		if m.fault == "done without a link" {
			return "", nil
		}
		return "", errors.New("no link")
	}
	link := s.Links[0]
	switch {
	case m.fault == "the link is tidied up":
		return strings.ToLower(link), nil
	case m.fault == "any link is the store's", link == goodLink,
		m.fault == "the host's name is enough" && strings.HasPrefix(link, "https://s.shop.example"):
		return link, nil
	}
	return "", errors.New("not a link of this store")
}

func TestSoundMinterPasses(t *testing.T) { linkstest.RunMinter(t, minterHarness("", 0)) }

func TestEachMinterFaultFailsItsCase(t *testing.T) {
	guarded := map[string]bool{}
	for f, name := range brokenMinters {
		guarded[name] = true
		t.Run(string(f), func(t *testing.T) {
			for _, c := range linkstest.MinterCases() {
				if c.Name == name && len(complaints(t, func(tb testing.TB) { c.Run(tb, minterHarness(f, time.Second)) })) > 0 {
					return
				}
			}
			t.Errorf("%s did not notice", name)
		})
	}
	for _, c := range linkstest.MinterCases() {
		if !guarded[c.Name] {
			t.Errorf("no fault proves that %s can fail", c.Name)
		}
	}
}

// A programme without sub-ids is held to sending none.
func TestMinterWithoutSubIDs(t *testing.T) {
	h := minterHarness("", 0)
	h.NoSubIDs = true
	found := complaints(t, func(tb testing.TB) {
		for _, c := range linkstest.MinterCases() {
			if c.Name == "PassesSubIDs" {
				c.Run(tb, h)
			}
		}
	})
	if len(found) == 0 {
		t.Error("a sub-id was passed and nobody noticed")
	}
}
