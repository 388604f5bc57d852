package extract

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestCorpus(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "messages.jsonl"))
	if err != nil {
		t.Skip("the shared corpus of messages is not here")
	}
	defer f.Close()
	priced, checked, withCoupon, total := 0, 0, 0, 0
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var row map[string]json.RawMessage
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		var text string
		var links int
		_ = json.Unmarshal(row["text"], &text)
		_ = json.Unmarshal(row["links"], &links)
		facts := Offer(text)
		total++
		if facts.Price.Known() {
			priced++
		}
		if len(facts.Coupons) > 0 {
			withCoupon++
		}
		if got := len(Links(text)); got != links {
			t.Errorf("%q: %d links %v, want %d", text, got, Links(text), links)
		}
		want, ok := row["expect_price_cents"]
		if !ok {
			continue
		}
		var cents int64
		_ = json.Unmarshal(want, &cents)
		checked++
		if facts.Price.Cents != cents {
			t.Errorf("%q: price %d, want %d", text, facts.Price.Cents, cents)
		}
	}
	t.Logf("%d messages: %d priced, %d with coupon; %d prices checked", total, priced, withCoupon, checked)
}
