package extract

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// corpusMessage is a message of the shared corpus; Price is missing where nobody judged it
// and null where the text has no clear one.
type corpusMessage struct {
	Text  string          `json:"text"`
	Links int             `json:"links"`
	Price json.RawMessage `json:"expect_price_cents"`
}

func corpusMessages(t *testing.T) []corpusMessage {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "messages.jsonl"))
	if err != nil {
		t.Skip("the shared corpus of messages is not here")
	}
	defer f.Close()
	var all []corpusMessage
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		var m corpusMessage
		if err := json.Unmarshal(sc.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func corpusTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, m := range corpusMessages(t) {
		texts = append(texts, m.Text)
	}
	return texts
}

func TestCorpus(t *testing.T) {
	var priced, listed, withCoupon, couponPosts, checked int
	all := corpusMessages(t)
	for _, m := range all {
		facts := Offer(m.Text)
		checkFacts(t, m.Text, facts)
		for _, n := range []struct {
			counter *int
			counts  bool
		}{
			{&priced, facts.Price.Known()}, {&listed, facts.ListPrice.Known()},
			{&withCoupon, len(facts.Coupons) > 0}, {&couponPosts, facts.CouponOnly}, {&checked, m.Price != nil},
		} {
			if n.counts {
				*n.counter++
			}
		}
		if got := Links(m.Text); len(got) != m.Links {
			t.Errorf("%q: %d links %v, want %d", m.Text, len(got), got, m.Links)
		}
		if m.Price == nil {
			continue
		}
		var want int64 // stays 0 for null
		if err := json.Unmarshal(m.Price, &want); err != nil {
			t.Fatal(err)
		}
		if facts.Price.Cents != want {
			t.Errorf("%q: price %d, want %d", m.Text, facts.Price.Cents, want)
		}
	}
	t.Logf("%d messages: %d priced, %d with an old price, %d with a coupon, %d coupon posts; %d prices checked",
		len(all), priced, listed, withCoupon, couponPosts, checked)
	// Fewer would say that a rule became too careful.
	if priced < 91 || listed < 36 || withCoupon < 75 || couponPosts < 20 {
		t.Errorf("facts of the corpus were lost")
	}
}
