package fakestores_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// aliCall is a call as it should be.
func aliCall(t *testing.T, server string) *http.Request {
	t.Helper()
	return aliRequest(t, server, signed(goodForm()))
}

func goodForm() url.Values {
	return url.Values{
		"app_key":             {"512345"},
		"method":              {"aliexpress.affiliate.link.generate"},
		"promotion_link_type": {"0"},
		"sign_method":         {"hmac-sha256"},
		"source_values":       {"https://www.aliexpress.com/item/1.html"},
		"timestamp":           {fmt.Sprint(noon.UnixMilli())},
		"tracking_id":         {"loja1"},
	}
}

// signed signs the parameters in the order of their names, which is spelled out here.
func signed(form url.Values) url.Values {
	mac := hmac.New(sha256.New, []byte("secret789"))
	for _, name := range []string{
		"app_key", "method", "promotion_link_type", "sign_method", "source_values", "timestamp", "tracking_id",
	} {
		if form.Has(name) {
			fmt.Fprint(mac, name, form.Get(name))
		}
	}
	form.Set("sign", fmt.Sprintf("%X", mac.Sum(nil)))
	return form
}

func aliRequest(t *testing.T, server string, form url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, server+"/sync", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAliExpressChecksParameters(t *testing.T) {
	const good, none = `"source_value":"https://www.aliexpress.com/item/1.html"`, `"promotion_link":[]`
	ms := noon.UnixMilli()
	for name, c := range map[string]struct{ parameter, value, want string }{
		"right":          {"tracking_id", "loja1", good},
		"wrong key":      {"app_key", "512346", "InvalidAppKey"},
		"no key":         {"app_key", "", "MissingParameter"},
		"no time":        {"timestamp", "", "MissingParameter"},
		"seconds":        {"timestamp", fmt.Sprint(noon.Unix()), "IllegalTimestamp"},
		"just in time":   {"timestamp", fmt.Sprint(ms - 7200_000), good},
		"too slow":       {"timestamp", fmt.Sprint(ms - 7200_001), "IllegalTimestamp"},
		"too fast":       {"timestamp", fmt.Sprint(ms + 7200_001), "IllegalTimestamp"},
		"other method":   {"method", "aliexpress.affiliate.product.query", "InvalidApiPath"},
		"other signing":  {"sign_method", "md5", "IncompleteSignature"},
		"other tracking": {"tracking_id", "loja2", `"resp_code":401`},
		"other type":     {"promotion_link_type", "2", none},
		"other site":     {"source_values", "https://evilaliexpress.com/item/1.html", none},
		"two pages":      {"source_values", "https://www.aliexpress.com/item/1.html,https://www.aliexpress.com/item/2.html", none},
	} {
		_, server := open(t, nil)
		form := goodForm()
		form.Set(c.parameter, c.value)
		wantAnswer(t, name, aliRequest(t, server.URL, signed(form)), 200, c.want)
	}
}

func TestAliExpressChecksTheSignature(t *testing.T) {
	for name, spoil := range map[string]func(url.Values){
		"changed afterwards": func(f url.Values) { f.Set("source_values", "https://www.aliexpress.com/item/2.html") },
		"added afterwards":   func(f url.Values) { f.Set("extra", "1") },
		"lower case":         func(f url.Values) { f.Set("sign", strings.ToLower(f.Get("sign"))) },
		"wrong":              func(f url.Values) { f.Set("sign", strings.Repeat("A", 64)) },
	} {
		_, server := open(t, nil)
		form := signed(goodForm())
		spoil(form)
		wantAnswer(t, name, aliRequest(t, server.URL, form), 200, "IncompleteSignature")
	}
	_, server := open(t, nil)
	r := aliCall(t, server.URL)
	r.URL.RawQuery = "app_key=512345"
	wantAnswer(t, "a parameter in the address", r, 200, "MissingParameter")
	r = aliCall(t, server.URL)
	r.Method = http.MethodGet
	wantAnswer(t, "GET", r, 405, "")
}
