package aliexpressapi

import (
	"net/url"
	"testing"
	"time"
)

// The signature was computed apart from this code; no vector of AliExpress's own is known.
func TestForm(t *testing.T) {
	c := call{"512345", "secret456", "loja1", "https://www.aliexpress.com/item/1005006123456789.html"}
	got, err := url.ParseQuery(c.form(time.UnixMilli(1700000000000)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"app_key":             "512345",
		"method":              "aliexpress.affiliate.link.generate",
		"promotion_link_type": "0",
		"sign":                "57EED686C85D67C8D47538A585CF7B77E7A95A5B5B6076792F498BDCAE548BC3",
		"sign_method":         "hmac-sha256",
		"source_values":       "https://www.aliexpress.com/item/1005006123456789.html",
		"timestamp":           "1700000000000",
		"tracking_id":         "loja1",
	}
	for name := range got {
		if got.Get(name) != want[name] || len(got[name]) != 1 {
			t.Errorf("%s is %q, want %q", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d parameters, want %d", len(got), len(want))
	}
}
