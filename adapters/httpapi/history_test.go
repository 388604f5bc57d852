package httpapi_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What was sent is found by group and by day, page by page.
func TestHistoryIsFiltered(t *testing.T) {
	t.Parallel()
	h, all := neighbours(t, "bia", "caio")
	bia := all[0]
	b := h.browser("pt-BR")
	b.open("/login")
	b.submit(200, "/login", "email", "bia@exemplo.com.br", "password", password)
	b.open("/history")
	b.shows("1 envio", "canariobia", bia.ids["offers"][0], "Por dia", "Por grupo")
	group := bia.ids["groups/destination"][0]
	b.open("/history?group=" + group)
	b.shows("1 envio")
	b.open("/history?group=" + unknownID)
	b.shows("Nada saiu nestes dias")
	b.open("/history?from=2020-01-01&to=2020-01-02")
	b.shows("Nada saiu nestes dias", `value="2020-01-01"`)
	// What cannot be read, or is too long, is cut to what can be shown.
	b.open("/history?from=ontem&to=amanha&group=x")
	b.shows("1 envio")
	b.open("/history?from=1999-01-01")
	today := time.Now().In(time.FixedZone("", -3*60*60))
	b.shows(`value="`+today.AddDate(0, 0, -91).Format(time.DateOnly)+`"`, `value="`+today.Format(time.DateOnly)+`"`)

	for i := range 30 {
		_, err := bia.poster.PostText(bia.source.JID(), fmt.Sprintf("Item %d por R$ %d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, 10+i, 100+i))
		h.must(err)
	}
	h.eventually("all are sent", func() bool { return strings.Contains(b.open("/history"), "31 envios") })
	offer := regexp.MustCompile(`/offers/[0-9a-f-]{36}`)
	first := offer.FindAllString(b.page, -1)
	next := strings.ReplaceAll(regexp.MustCompile(`href="(/history[^"]*cursor=[^"]*)"`).FindStringSubmatch(b.page)[1], "&amp;", "&")
	b.open(next)
	second := offer.FindAllString(b.page, -1)
	if len(first) != 25 || len(second) != 6 || strings.Contains(strings.Join(second, " "), first[24]) {
		t.Errorf("%d on the first page and %d on the second", len(first), len(second))
	}
	other := h.browser("pt-BR")
	other.open("/login")
	other.submit(200, "/login", "email", "caio@exemplo.com.br", "password", password)
	other.do(400, "GET", next, nil)
}
