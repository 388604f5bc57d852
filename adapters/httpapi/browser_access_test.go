package httpapi_test

import (
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// A person makes a key, uses it and revokes it; sees who is logged in and ends one; and an
// operator shuts an account out that is open in another browser.
func TestBrowserAccess(t *testing.T) {
	browser := chrome(t)
	h := build(t, nil)
	h.run()
	here, there := h.visitor(browser, "en", 1280, 900), h.visitor(browser, "pt-BR", 360, 740)
	here.joins("maria@exemplo.com.br")
	there.entersAs("maria@exemplo.com.br")

	here.open("/account")
	here.write("#name", "Spreadsheet")
	here.press("form[action='/account/api-keys'] button")
	here.sees("Copy the key now")
	here.act(chromedp.Click(chromedp.CSS("#new-key")))
	key := evaluate[string](here, "getSelection().toString()")
	if !regexp.MustCompile(`^ap_[A-Z2-7]{52}$`).MatchString(key) {
		t.Fatalf("a click selects %q, not the key", key)
	}
	here.picture("account-key")
	h.expect(200, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key)
	here.act(chromedp.Click(chromedp.CSS("details.ask summary[aria-label='Revoke the key Spreadsheet']")))
	here.press("form[action$='/revoke'] button")
	here.sees("Key revoked")
	h.expect(401, "GET", "/api/v1/users/me", nil, "Authorization", "Bearer "+key)

	here.press("form[action$='/end'] button")
	here.sees("Session ended")
	there.press(".tabs a[href='/groups']")
	if path := evaluate[string](there, "location.pathname"); path != "/login" {
		t.Errorf("the session that was ended is at %s", path)
	}

	there.entersAs("maria@exemplo.com.br")
	h.client("op@exemplo.com.br")
	h.appoint("op@exemplo.com.br")
	operator := h.visitor(browser, "pt-BR", 1280, 900)
	operator.entersAs("op@exemplo.com.br")
	operator.press(".side a[href='/operator']")
	operator.sees("A conta fecha")
	operator.open("/operator/tenants?q=maria")
	operator.press("a.tenant")
	operator.write("#max_per_day", "120")
	operator.press("form[action$='/limits'] button")
	operator.sees("mensagens por dia: 120")
	operator.act(chromedp.Click(chromedp.CSS("details.ask summary")))
	operator.press("form[action$='/active'] button")
	operator.sees("Conta desativada")
	operator.picture("operator-deactivated")
	there.press(".tabs a[href='/groups']")
	if path := evaluate[string](there, "location.pathname"); path != "/login" {
		t.Errorf("the account that was shut out is at %s", path)
	}
	for _, p := range []*person{here, there, operator} {
		p.quiet()
	}
}
