package fakestores

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// aliExpressSkew is how far a call's time may be off, as AliExpress documents it.
const aliExpressSkew = 7200 * time.Second

var aliExpress = dialect{
	store:   AliExpress,
	prefix:  "https://s.click.aliexpress.com/e/_",
	read:    (*Stores).readAliExpress,
	success: aliExpressSuccess,

	wrongCredentials: aliExpressBadSignature,
	pageRefused:      aliExpressNoLink,
	rateLimited:      aliExpressError("ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 1 more seconds"),
	empty:            aliExpressResult(200, "Call succeeds", `"total_result_count":0,"promotion_links":{}`),
}

var (
	aliExpressBadSignature = aliExpressError("IncompleteSignature", "The request signature does not conform to platform standards")
	aliExpressNoLink       = aliExpressResult(200, "Call succeeds", `"total_result_count":0,"promotion_links":{"promotion_link":[]}`)
)

// readAliExpress checks the parameters one by one. That a wrong key is found before a wrong
// signature was seen on the live API; the rest of the order is a guess.
func (s *Stores) readAliExpress(r *http.Request, body []byte) (Call, string) {
	c := Call{Store: AliExpress}
	form, err := url.ParseQuery(string(body))
	if err != nil || r.URL.RawQuery != "" {
		return c, aliExpressError("MissingParameter", "The body is no form")
	}
	for _, name := range []string{"app_key", "method", "timestamp", "sign_method", "sign"} {
		if len(form[name]) != 1 || form.Get(name) == "" {
			return c, aliExpressError("MissingParameter", "The input parameter "+name+" is not supplied")
		}
	}
	c.Account, c.Target, c.TrackingID = form.Get("app_key"), form.Get("source_values"), form.Get("tracking_id")
	account, ok := s.account(AliExpress, c.Account)
	if !ok {
		return c, aliExpressError("InvalidAppKey", "The specified App Key is invalid")
	}
	at, err := strconv.ParseInt(form.Get("timestamp"), 10, 64)
	if err != nil || !s.punctual(time.UnixMilli(at), aliExpressSkew) {
		return c, aliExpressError("IllegalTimestamp", "The specified timestamp is invalid")
	}
	if form.Get("sign_method") != "hmac-sha256" || form.Get("sign") != aliExpressSignature(form, account.Secret) {
		return c, aliExpressBadSignature
	}
	c.Accepted = true
	switch u, err := url.Parse(c.Target); {
	case form.Get("method") != "aliexpress.affiliate.link.generate":
		return c, aliExpressError("InvalidApiPath", "The specified API Path is invalid")
	case c.TrackingID != account.TrackingID:
		// The code is one reported for accounts without access to the API; a guess here.
		return c, aliExpressResult(401, "This publisher is not registered", "")
	case form.Get("promotion_link_type") != "0",
		err != nil || !within(u.Host, "aliexpress.com") || strings.Contains(c.Target, ","):
		return c, aliExpressNoLink
	}
	return c, ""
}

func aliExpressSignature(form url.Values, secret string) string {
	var pairs []string
	for name, values := range form {
		if name != "sign" {
			pairs = append(pairs, name+"\x00"+values[0])
		}
	}
	slices.Sort(pairs)
	mac := hmac.New(sha256.New, []byte(secret))
	for _, pair := range pairs {
		_, _ = io.WriteString(mac, strings.Replace(pair, "\x00", "", 1))
	}
	return fmt.Sprintf("%X", mac.Sum(nil))
}

func aliExpressSuccess(c Call, link string) string {
	return aliExpressResult(200, "Call succeeds", fmt.Sprintf(
		`"total_result_count":1,"tracking_id":%s,"promotion_links":{"promotion_link":[{"promotion_link":%s,"source_value":%s}]}`,
		quote(c.TrackingID), quote(link), quote(c.Target)))
}

// aliExpressResult is an answer of the programme; result is the inside of a JSON object.
func aliExpressResult(code int, text, result string) string {
	return fmt.Sprintf(
		`{"aliexpress_affiliate_link_generate_response":{"resp_result":{"resp_code":%d,"resp_msg":%s,"result":{%s}},"request_id":"2101d05817000000000000000e0001"}}`,
		code, quote(text), result)
}

// aliExpressError is an answer of the gateway in front of the programme.
func aliExpressError(code, text string) string {
	return fmt.Sprintf(`{"error_response":{"type":"ISV","code":%s,"msg":%s,"request_id":"2101d05817000000000000000e0002"}}`,
		quote(code), quote(text))
}
