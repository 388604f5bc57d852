package fakestores_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const goodQuery = `mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/product/1/2",subIds:["g1","o2"]}){shortLink}}`

// shopeeCall is a call as it should be.
func shopeeCall(t *testing.T, server string) *http.Request {
	t.Helper()
	return shopeeQuery(t, server, goodQuery, nil)
}

func shopeeQuery(t *testing.T, server, query string, variables map[string]any) *http.Request {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return shopeeRequest(t, server, string(body), shopeeHeader(noon, string(body)))
}

func shopeeHeader(at time.Time, body string) string {
	sum := sha256.Sum256([]byte(fmt.Sprint("app123", at.Unix(), body, "secret456")))
	return fmt.Sprintf("SHA256 Credential=app123, Timestamp=%d, Signature=%x", at.Unix(), sum)
}

func shopeeRequest(t *testing.T, server, body, header string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, server+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", header)
	return r
}

func TestShopeeChecksWhoCalls(t *testing.T) {
	const body = `{"query":"q"}`
	const refused = `"code":10020`
	// The recorded signature of this body at this time.
	const known = "4cbdf6f02f2d1b1fe0b6e8096ba7dc5b250cf90ff4aaff8150d4686988489afc"
	if !strings.HasSuffix(shopeeHeader(time.Unix(1700000000, 0), body), known) {
		t.Fatal("the test signs wrongly")
	}
	good := shopeeHeader(noon, body)
	for name, c := range map[string]struct{ header, want string }{
		"right":            {good, `"code":10010`}, // known, and only then found to ask nonsense
		"other order":      {swap(good), `"code":10010`},
		"ten minutes slow": {shopeeHeader(noon.Add(-10*time.Minute), body), `"code":10010`},
		"ten minutes fast": {shopeeHeader(noon.Add(10*time.Minute), body), `"code":10010`},
		"too slow":         {shopeeHeader(noon.Add(-601*time.Second), body), refused},
		"too fast":         {shopeeHeader(noon.Add(601*time.Second), body), refused},
		"another body":     {shopeeHeader(noon, body+" "), refused},
		"another time":     {strings.Replace(good, "Timestamp=17", "Timestamp=16", 1), refused},
		"another account":  {strings.Replace(good, "app123", "app124", 1), refused},
		"upper case":       {strings.ToUpper(good), refused},
		"none":             {"", refused},
		"another method":   {strings.Replace(good, "SHA256", "SHA1", 1), refused},
	} {
		_, server := open(t, nil)
		wantAnswer(t, name, shopeeRequest(t, server.URL, body, c.header), 200, c.want)
	}
}

// swap puts the signature before the time.
func swap(header string) string {
	parts := strings.SplitN(header, ", ", 3)
	return parts[0] + ", " + parts[2] + ", " + parts[1]
}

func TestShopeeReadsQueriesAsGraphQL(t *testing.T) {
	const good, syntax, params = `"shortLink":"https://s.shopee.com.br/`, `"code":10010`, `"code":11001`
	input := map[string]any{"originUrl": "https://shopee.com.br/x", "subIds": []any{"a1"}}
	for query, want := range map[string]string{
		goodQuery: good,
		"\n mutation Name { generateShortLink ( input: { originUrl: \"https://shopee.com.br/x\" } ) { shortLink } } # end": good,
		`mutation($in: ShortLinkInput!){generateShortLink(input:$in){shortLink}}`:                                          good,
		`mutation{generateShortLink(input:{originUrl:"https:\/\/shopee.com.br\/\u0078"}){shortLink}}`:                      good,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:[]}){shortLink}}`:                    good,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:["1","2","3","4","5"]}){shortLink}}`: good,

		// Six, a character too many, somebody else's page.
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:["1","2","3","4","5","6"]}){shortLink}}`: params,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:["a_b"]}){shortLink}}`:                   params,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:[""]}){shortLink}}`:                      params,
		`mutation{generateShortLink(input:{originUrl:"https://evil.example/shopee.com.br"}){shortLink}}`:                       params,
		`mutation{generateShortLink(input:{originUrl:"https://evilshopee.com.br/"}){shortLink}}`:                               params,
		`mutation{generateShortLink(input:{}){shortLink}}`:                                                                     params,

		// Values that were not encoded break out, which the fake must notice, not repair.
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/"}){shortLink}}#"}){shortLink}}`: good,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/"x"}){shortLink}}`:               syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/\"}){shortLink}}`:                syntax,
		"mutation{generateShortLink(input:{originUrl:\"https://shopee.com.br/\n\"}){shortLink}}":             syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/\x41"}){shortLink}}`:             syntax,
		`mutation{generateShortLink(input:{originUrl:"a",originUrl:"b"}){shortLink}}`:                        syntax,

		`query{generateShortLink(input:{originUrl:"https://shopee.com.br/x"}){shortLink}}`:                syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x"}){shortLink}} mutation{a}`: syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x"}){longLink}}`:              syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",evil:"x"}){shortLink}}`:    syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x",subIds:"x"}){shortLink}}`:  syntax,
		`mutation{generateShortLink(input:$none){shortLink}}`:                                             syntax,
		`mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/x"}){shortLink}`:              syntax,
		`mutation(`: syntax, `mutation{generateShortLink(input:[`: syntax, `%`: syntax, `"`: syntax, ``: syntax,
	} {
		_, server := open(t, nil)
		wantAnswer(t, query, shopeeQuery(t, server.URL, query, map[string]any{"in": input}), 200, want)
	}
}
