package shopeeapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

var (
	// credential is what may stand in the header without changing its meaning.
	credential = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	// subID is what Shopee accepts; anything else is its error 11001.
	subID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	// shortLink is the only form of link that is believed.
	shortLink = regexp.MustCompile(`^https://s\.shopee\.com\.br/[A-Za-z0-9_-]{1,64}$`)
)

// call is a request that only lacks its time and signature.
type call struct {
	appID, secret string
	body          []byte
}

// newCall checks everything that Shopee would refuse for certain, or could misread.
func newCall(r links.MintRequest) (call, error) {
	c := call{appID: r.Tag.Fields["app_id"], secret: r.Tag.Fields["app_secret"]}
	u, err := affiliate.Parse(r.Target)
	switch {
	case r.Tag.Store != store:
		return call{}, refused("the tag is of another store")
	case !credential.MatchString(c.appID) || c.secret == "":
		return call{}, refused("the tag has no credentials for the API")
	case err != nil || u.Scheme != "https" || u.String() != r.Target:
		return call{}, refused("the target is no plain https address")
	}
	subIDs := parts(r.SubID)
	for _, id := range subIDs {
		if !subID.MatchString(id) {
			return call{}, refused("the sub-id has other characters than letters and digits")
		}
	}
	c.body = encode(struct {
		Query string `json:"query"`
	}{mutation(r.Target, subIDs)})
	return c, nil
}

// parts are the sub-ids in the order they are reported.
func parts(s core.SubID) []string {
	var ids []string
	for _, id := range []string{s.Group, s.Offer} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// mutation is the query. A JSON string is a GraphQL string too, so that encoded values
// cannot end it early.
func mutation(target string, subIDs []string) string {
	var b strings.Builder
	b.WriteString("mutation{generateShortLink(input:{originUrl:")
	b.Write(encode(target))
	if len(subIDs) > 0 {
		b.WriteString(",subIds:")
		b.Write(encode(subIDs))
	}
	b.WriteString("}){shortLink}}")
	return b.String()
}

// encode writes JSON with "&" as it is: escaped it would mean the same, but only to a server
// that reads the whole of GraphQL's grammar.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings always can be
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// authorization is the header that signs the exact bytes of the body.
func (c call) authorization(now time.Time) string {
	at := strconv.FormatInt(now.Unix(), 10)
	return "SHA256 Credential=" + c.appID + ", Timestamp=" + at + ", Signature=" + sign(c.appID, at, c.body, c.secret)
}

// sign is the plain SHA-256, in lower-case hex, of the parts one after the other.
func sign(appID, at string, body []byte, secret string) string {
	h := sha256.New()
	h.Write([]byte(appID + at))
	h.Write(body)
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil))
}

// readAnswer returns the link of a 200 answer. Errors arrive with that status too.
func readAnswer(data []byte) (string, error) {
	var answer struct {
		Data *struct {
			GenerateShortLink *struct {
				ShortLink string `json:"shortLink"`
			} `json:"generateShortLink"`
		} `json:"data"`
		Errors []struct {
			Extensions struct {
				Code json.RawMessage `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return "", failed("the answer cannot be read")
	}
	if len(answer.Errors) > 0 {
		return "", reported(number(answer.Errors[0].Extensions.Code))
	}
	if answer.Data == nil || answer.Data.GenerateShortLink == nil {
		return "", failed("the answer has no link")
	}
	link := answer.Data.GenerateShortLink.ShortLink
	if !shortLink.MatchString(link) {
		return "", failed("the answer is no short link of Shopee")
	}
	return link, nil
}

// number reads a code, also one in quotes; 0 for none.
func number(raw json.RawMessage) int {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil {
		return 0
	}
	return n
}
