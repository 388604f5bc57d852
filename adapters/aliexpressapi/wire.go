package aliexpressapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// promotionLink is the only form of link that is believed.
var promotionLink = regexp.MustCompile(`^https://s\.click\.aliexpress\.com/e/_[A-Za-z0-9_-]{1,64}$`)

// call is a request that only lacks its time and signature.
type call struct {
	appKey, secret, trackingID, target string
}

// newCall checks everything that AliExpress would refuse for certain, or could misread.
func newCall(r links.MintRequest) (call, error) {
	fields := r.Tag.Fields
	c := call{fields["app_key"], fields["app_secret"], fields["tracking_id"], r.Target}
	u, err := affiliate.Parse(r.Target)
	switch {
	case r.Tag.Store != store:
		return call{}, refused("the tag is of another store")
	case c.appKey == "" || c.secret == "" || c.trackingID == "":
		return call{}, refused("the tag has no credentials for the API")
	case err != nil || u.Scheme != "https" || u.String() != r.Target:
		return call{}, refused("the target is no plain https address")
	case strings.Contains(r.Target, ","):
		return call{}, refused("the target has a comma, which separates targets")
	}
	return c, nil
}

// form is the signed body.
func (c call) form(now time.Time) string {
	values := url.Values{}
	for name, value := range map[string]string{
		"app_key":             c.appKey,
		"method":              "aliexpress.affiliate.link.generate",
		"promotion_link_type": "0", // a plain link; 1 and 2 are for hot products
		"sign_method":         "hmac-sha256",
		"source_values":       c.target,
		"timestamp":           strconv.FormatInt(now.UnixMilli(), 10),
		"tracking_id":         c.trackingID,
	} {
		values.Set(name, value)
	}
	values.Set("sign", sign(values, c.secret))
	return values.Encode()
}

// sign is the HMAC-SHA256, in upper-case hex, of all parameters sorted by name, each name
// followed by its value as it is before it is encoded.
func sign(values url.Values, secret string) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	h := hmac.New(sha256.New, []byte(secret))
	for _, name := range names {
		h.Write([]byte(name + values.Get(name)))
	}
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// result is what the programme answers.
type result struct {
	Code   json.RawMessage `json:"resp_code"`
	Result struct {
		TrackingID     string `json:"tracking_id"`
		PromotionLinks struct {
			List []struct {
				Link   string `json:"promotion_link"`
				Source string `json:"source_value"`
			} `json:"promotion_link"`
		} `json:"promotion_links"`
	} `json:"result"`
}

// readAnswer returns the link of a 200 answer. Errors arrive with that status too.
func (c call) readAnswer(data []byte) (string, error) {
	var answer struct {
		Error *struct {
			Code    json.RawMessage `json:"code"`
			SubCode string          `json:"sub_code"`
			Type    string          `json:"type"`
		} `json:"error_response"`
		Response *struct {
			Result *result `json:"resp_result"`
		} `json:"aliexpress_affiliate_link_generate_response"`
	}
	switch {
	case json.Unmarshal(data, &answer) != nil:
		return "", failed("the answer cannot be read")
	case answer.Error != nil:
		return "", gatewayError(text(answer.Error.Code), answer.Error.SubCode, answer.Error.Type)
	case answer.Response == nil || answer.Response.Result == nil:
		return "", failed("the answer has no result")
	}
	return c.readResult(*answer.Response.Result)
}

func (c call) readResult(r result) (string, error) {
	if code := text(r.Code); code != "200" {
		return "", programmeError(code)
	}
	made := r.Result.PromotionLinks.List
	switch {
	case len(made) == 0 || len(made) == 1 && made[0].Link == "":
		return "", refused("the programme has no link for this page")
	case len(made) != 1 || made[0].Source != c.target:
		return "", failed("the answer is for another target")
	case r.Result.TrackingID != "" && r.Result.TrackingID != c.trackingID:
		return "", failed("the answer is for another tracking id")
	case !promotionLink.MatchString(made[0].Link):
		return "", failed("the answer is no promotion link of AliExpress")
	}
	return made[0].Link, nil
}

// text reads a code, which is a string in some answers and a number in others.
func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }
