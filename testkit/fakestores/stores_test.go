package fakestores_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

var (
	noon      = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	shopeeApp = fakestores.Account{Store: fakestores.Shopee, ID: "app123", Secret: "secret456"}
	aliApp    = fakestores.Account{Store: fakestores.AliExpress, ID: "512345", Secret: "secret789", TrackingID: "loja1"}
)

// open serves stores whose clock stands at noon.
func open(t *testing.T, decide func(context.Context, fakestores.Call) fakestores.Fault) (*fakestores.Stores, *httptest.Server) {
	t.Helper()
	stores := fakestores.New(fakestores.Options{
		Accounts: []fakestores.Account{shopeeApp, aliApp},
		Now:      func() time.Time { return noon },
		Decide:   decide,
	})
	server := httptest.NewServer(stores)
	t.Cleanup(server.Close)
	return stores, server
}

// post makes one call; status 0 means that there was no answer.
func post(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(data)
}

func wantAnswer(t *testing.T, what string, r *http.Request, status int, part string) {
	t.Helper()
	if gotStatus, got := post(t, r); gotStatus != status || !strings.Contains(got, part) {
		t.Errorf("%s: got status %d, %.300s, want %d with %s", what, gotStatus, got, status, part)
	}
}

func TestFaults(t *testing.T) {
	for _, api := range []struct {
		store                                   string
		call                                    func(t *testing.T, server string) *http.Request
		good, rateLimited, credentials, refused string
	}{
		{fakestores.Shopee, shopeeCall, `"shortLink":"https://s.shopee.com.br/`, `"code":10030`, `"code":10020`, `"code":11001`},
		{fakestores.AliExpress, aliCall, `"promotion_link":"https://s.click.aliexpress.com/e/_`, `"ApiCallLimit"`, `"IncompleteSignature"`, `"promotion_link":[]`},
	} {
		stores, server := open(t, nil)
		for _, f := range []struct {
			fakestores.Fault
			status int
			part   string
		}{
			{fakestores.Fault{Kind: fakestores.Down}, 503, ""},
			{fakestores.Fault{Kind: fakestores.Reset}, 0, ""},
			{fakestores.Fault{Kind: fakestores.RateLimited}, 200, api.rateLimited},
			{fakestores.Fault{Kind: fakestores.WrongCredentials}, 200, api.credentials},
			{fakestores.Fault{Kind: fakestores.PageRefused}, 200, api.refused},
			{fakestores.Fault{Kind: fakestores.Garbage, Text: "<html>"}, 200, "<html>"},
			{fakestores.Fault{Kind: fakestores.OtherLink, Text: "https://evil.example/"}, 200, `"https://evil.example/"`},
			{fakestores.Fault{Kind: fakestores.Redirected, Text: "https://evil.example/"}, 302, ""},
		} {
			stores.Fail(api.store, 1, f.Fault)
			wantAnswer(t, api.store+" "+string(f.Kind), api.call(t, server.URL), f.status, f.part)
		}
		stores.Fail(api.store, 1, fakestores.Fault{Kind: fakestores.Empty})
		if status, body := post(t, api.call(t, server.URL)); status != 200 || strings.Contains(body, "https://s.") {
			t.Errorf("%s empty: status %d, %s", api.store, status, body)
		}
		if len(stores.Links()) != 0 {
			t.Errorf("%s made links in spite of the faults: %v", api.store, stores.Links())
		}
		wantAnswer(t, api.store+" after the faults", api.call(t, server.URL), 200, api.good)
	}
}

func TestFaultsComeInTurn(t *testing.T) {
	decided := 0
	stores, server := open(t, func(context.Context, fakestores.Call) fakestores.Fault {
		decided++
		return fakestores.Fault{Kind: fakestores.Garbage, Text: "decided"}
	})
	stores.Fail(fakestores.Shopee, 2, fakestores.Fault{Kind: fakestores.Down})
	stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: fakestores.Garbage, Text: "third"})
	for i, want := range []string{"Service Unavailable", "Service Unavailable", "third", "decided"} {
		if _, got := post(t, shopeeCall(t, server.URL)); !strings.Contains(got, want) {
			t.Errorf("call %d: got %s, want %s", i+1, got, want)
		}
	}
	if decided != 1 {
		t.Errorf("Decide was asked %d times, want 1", decided)
	}
	wantAnswer(t, "the other store", aliCall(t, server.URL), 200, "decided")
}

func TestUntilHoldsTheAnswerBack(t *testing.T) {
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	_, server := open(t, func(context.Context, fakestores.Call) fakestores.Fault {
		arrived <- struct{}{}
		return fakestores.Fault{Until: release}
	})
	done := make(chan string)
	call := shopeeCall(t, server.URL)
	go func() {
		_, body := post(t, call)
		done <- body
	}()
	<-arrived
	select {
	case body := <-done:
		t.Errorf("answered before the release: %s", body)
	default:
	}
	close(release)
	if body := <-done; !strings.Contains(body, "https://s.shopee.com.br/") {
		t.Errorf("after the release: %s", body)
	}
}

func TestLinksLeadToTheirTargets(t *testing.T) {
	stores, server := open(t, nil)
	_, first := post(t, shopeeCall(t, server.URL))
	_, again := post(t, shopeeCall(t, server.URL))
	if first != again || len(stores.Links()) != 1 {
		t.Errorf("the same request gave %s and %s", first, again)
	}
	post(t, aliCall(t, server.URL))
	for link, target := range stores.Links() {
		host, path, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
		recorder := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/"+path, nil)
		r.Host = host
		stores.ServeHTTP(recorder, r)
		if got := recorder.Header().Get("Location"); recorder.Code != http.StatusFound || got != target {
			t.Errorf("%s leads to %d %s, want %s", link, recorder.Code, got, target)
		}
	}
	r, err := http.NewRequest(http.MethodGet, server.URL+"/unknown", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, "a link nobody made", r, 404, "")
}

func TestLedger(t *testing.T) {
	stores, server := open(t, nil)
	stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: fakestores.Down})
	post(t, shopeeCall(t, server.URL))
	post(t, aliCall(t, server.URL))
	forged := shopeeCall(t, server.URL)
	forged.Header.Set("Authorization", strings.Replace(forged.Header.Get("Authorization"), "app123", "app124", 1))
	post(t, forged)
	link := ""
	for made := range stores.Links() {
		link = made
	}
	want := []fakestores.Call{
		{Store: fakestores.Shopee, Account: "app123", Target: "https://shopee.com.br/product/1/2", SubIDs: []string{"g1", "o2"}, Accepted: true},
		{Store: fakestores.AliExpress, Account: "512345", Target: "https://www.aliexpress.com/item/1.html", TrackingID: "loja1", Accepted: true, Link: link},
		{Store: fakestores.Shopee, Account: "app124"},
	}
	if got := stores.Calls(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
