package fakestores

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// shopeeSkew is how far a call's time may be off, as Shopee documents it.
const shopeeSkew = 10 * time.Minute

var shopee = dialect{
	store:   Shopee,
	prefix:  "https://s.shopee.com.br/",
	read:    (*Stores).readShopee,
	success: shopeeSuccess,

	wrongCredentials: shopeeError(10020, "Invalid Signature"),
	pageRefused:      shopeePageRefused,
	rateLimited:      shopeeError(10030, "Rate limit exceeded"),
	empty:            `{"data":{"generateShortLink":{"shortLink":""}}}`,
}

// shopeePageRefused is the answer for a page that is not Shopee's. The code is that of wrong
// parameters; the words are a guess.
var shopeePageRefused = shopeeError(11001, "Params Error : invalid origin url")

var (
	// Shopee's own examples order the last two parts both ways.
	shopeeAuth  = regexp.MustCompile(`^SHA256 Credential=([^,\s]+), ?(?:Timestamp=(\d+), ?Signature=([0-9a-f]{64})|Signature=([0-9a-f]{64}), ?Timestamp=(\d+))$`)
	shopeeSubID = regexp.MustCompile(`^[A-Za-z0-9]+$`)
)

// readShopee checks the header against the bytes of the body, then reads the one mutation.
func (s *Stores) readShopee(r *http.Request, body []byte) (Call, string) {
	c := Call{Store: Shopee}
	auth := shopeeAuth.FindStringSubmatch(r.Header.Get("Authorization"))
	if auth == nil || r.URL.RawQuery != "" {
		return c, shopeeError(10020, "Invalid Authorization Header")
	}
	seconds, signature := auth[2]+auth[5], auth[3]+auth[4]
	c.Account = auth[1]
	account, ok := s.account(Shopee, c.Account)
	if !ok {
		return c, shopeeError(10020, "Invalid Credential")
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !s.punctual(time.Unix(at, 0), shopeeSkew) {
		return c, shopeeError(10020, "Request Expired")
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s%s%s%s", account.ID, seconds, body, account.Secret)
	if fmt.Sprintf("%x", h.Sum(nil)) != signature {
		return c, shopeeError(10020, "Invalid Signature")
	}
	c.Accepted = true

	var request struct {
		Query     string
		Variables map[string]any
	}
	if json.Unmarshal(body, &request) != nil {
		return c, shopeeError(10010, "Error parse")
	}
	input, err := shortLinkInput(request.Query, request.Variables)
	if err != nil {
		return c, shopeeError(10010, err.Error())
	}
	return c.withShopeeInput(input)
}

// withShopeeInput takes over the arguments of generateShortLink.
func (c Call) withShopeeInput(input map[string]any) (Call, string) {
	for name, value := range input {
		switch name {
		case "originUrl":
			c.Target, _ = value.(string)
		case "subIds":
			list, ok := value.([]any)
			if !ok {
				return c, shopeeError(10010, "subIds is no list")
			}
			for _, item := range list {
				id, _ := item.(string)
				c.SubIDs = append(c.SubIDs, id)
			}
		default:
			return c, shopeeError(10010, "unknown field "+name)
		}
	}
	if u, err := url.Parse(c.Target); err != nil || u.Scheme != "https" || !within(u.Host, "shopee.com.br") {
		return c, shopeePageRefused
	}
	for _, id := range c.SubIDs {
		if len(c.SubIDs) > 5 || !shopeeSubID.MatchString(id) {
			return c, shopeeError(11001, "Params Error : invalid sub id")
		}
	}
	return c, ""
}

func shopeeSuccess(_ Call, link string) string {
	return `{"data":{"generateShortLink":{"shortLink":` + quote(link) + `}}}`
}

func shopeeError(code int, text string) string {
	return fmt.Sprintf(`{"errors":[{"message":%s,"extensions":{"code":%d,"message":%s}}]}`,
		quote(fmt.Sprintf("error [%d]: %s", code, text)), code, quote(text))
}

// quote encodes a JSON string.
func quote(s string) string {
	data, _ := json.Marshal(s) // a string always can be
	return string(data)
}

// within says whether host is domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
