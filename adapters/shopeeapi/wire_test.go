package shopeeapi

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// The first vector was computed apart from this code, the second is the example in Shopee's
// documentation.
func TestSign(t *testing.T) {
	for _, v := range []struct{ appID, at, body, secret, want string }{
		{"app123", "1700000000", `{"query":"q"}`, "secret456",
			"4cbdf6f02f2d1b1fe0b6e8096ba7dc5b250cf90ff4aaff8150d4686988489afc"},
		{"123456", "1577836800", `{"query":"{\nbrandOffer{\n    nodes{\n        commissionRate\n        offerName\n    }\n}\n}"}`, "demo",
			"dc88d72feea70c80c52c3399751a7d34966763f51a7f056aa070a5e9df645412"},
	} {
		if got := sign(v.appID, v.at, []byte(v.body), v.secret); got != v.want {
			t.Errorf("%s: got %s, want %s", v.appID, got, v.want)
		}
	}
}

func TestMutation(t *testing.T) {
	want := `mutation{generateShortLink(input:{originUrl:"https://shopee.com.br/product/1/2?a=1&b=2",subIds:["s1","s2"]}){shortLink}}`
	if got := mutation("https://shopee.com.br/product/1/2?a=1&b=2", []string{"s1", "s2"}); got != want {
		t.Errorf("got %s", got)
	}
}

// FuzzMutation: whatever the values are, each stays one string of the query.
func FuzzMutation(f *testing.F) {
	for _, s := range []string{
		`"}){shortLink}} #`, `\`, `\"`, `",subIds:["evil"],originUrl:"`, "a\nb", "\u2028", `"""`, "\x00", "é",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, target, id string) {
		const prefix, between, suffix = "mutation{generateShortLink(input:{originUrl:", ",subIds:", "}){shortLink}}"
		d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(mutation(target, []string{id}), prefix)))
		var gotTarget string
		if err := d.Decode(&gotTarget); err != nil || utf8.ValidString(target) && gotTarget != target {
			t.Fatalf("the target became %q, %v", gotTarget, err)
		}
		rest := mutation(target, []string{id})[len(prefix)+int(d.InputOffset()):]
		list, ok := strings.CutPrefix(rest, between)
		list, closed := strings.CutSuffix(list, suffix)
		var ids []string
		if err := json.Unmarshal([]byte(list), &ids); err != nil || !ok || !closed || len(ids) != 1 {
			t.Fatalf("the rest is %q: %v", rest, err)
		}
	})
}
