package policy_test

import (
	"slices"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
)

func TestStore(t *testing.T) {
	for _, c := range []struct {
		allowed, blocked []string
		slug, host       string
		want             core.Reason
	}{
		{nil, nil, "amazon", "amazon.com.br", ""},
		{nil, []string{"amazon"}, "amazon", "amazon.com.br", core.ReasonStoreBlocked},
		{nil, []string{"shopee"}, "amazon", "amazon.com.br", ""},
		{[]string{"amazon"}, nil, "amazon", "amazon.com.br", ""},
		{[]string{"amazon"}, nil, "", "loja.example", core.ReasonStoreNotAllowed},
		{[]string{"amazon"}, []string{"amazon"}, "amazon", "amazon.com.br", core.ReasonStoreBlocked},
		{nil, []string{"loja.example"}, "", "loja.example", core.ReasonStoreBlocked},
		{nil, []string{"loja.example"}, "", "m.loja.example", core.ReasonStoreBlocked},
		{nil, []string{"loja.example"}, "", "outraloja.example", ""},
		{nil, []string{"www.loja.example"}, "", "loja.example", core.ReasonStoreBlocked},
		{nil, []string{"amazon.com.br"}, "amazon", "amazon.com.br", core.ReasonStoreBlocked},
		{nil, []string{"amazon.com"}, "amazon", "amazon.com.br", ""},
		{nil, []string{"amazon"}, "", "loja.amazon", ""},
		{[]string{"loja.example"}, nil, "", "m.loja.example", ""},
	} {
		hold, held := policy.Store(core.Settings{AllowedStores: c.allowed, BlockedStores: c.blocked}, c.slug, c.host, "Loja")
		if hold.Reason != c.want || held != (c.want != "") {
			t.Errorf("%+v: %q", c, hold.Reason)
		}
	}
}

func TestValue(t *testing.T) {
	reais := func(n int64) core.Price { return core.Price{Cents: n * 100} }
	for _, c := range []struct {
		name     string
		settings core.Settings
		facts    core.Facts
		want     core.Reason
	}{
		{"no bounds, nothing known", core.Settings{}, core.Facts{}, ""},
		{"no bounds", core.Settings{}, core.Facts{Price: reais(5), Discount: 3}, ""},
		{"minimum, unclear", core.Settings{MinPrice: reais(10)}, core.Facts{}, core.ReasonPriceUnclear},
		{"maximum, unclear", core.Settings{MaxPrice: reais(10)}, core.Facts{}, core.ReasonPriceUnclear},
		{"below", core.Settings{MinPrice: reais(10)}, core.Facts{Price: core.Price{Cents: 999}}, core.ReasonPriceBelow},
		{"at the minimum", core.Settings{MinPrice: reais(10)}, core.Facts{Price: reais(10)}, ""},
		{"above", core.Settings{MaxPrice: reais(10)}, core.Facts{Price: core.Price{Cents: 1001}}, core.ReasonPriceAbove},
		{"at the maximum", core.Settings{MaxPrice: reais(10)}, core.Facts{Price: reais(10)}, ""},
		{"discount unclear", core.Settings{MinDiscount: 20}, core.Facts{Price: reais(1)}, core.ReasonDiscountUnclear},
		{"discount small", core.Settings{MinDiscount: 20}, core.Facts{Discount: 19}, core.ReasonDiscountBelow},
		{"discount enough", core.Settings{MinDiscount: 20}, core.Facts{Discount: 20}, ""},
	} {
		hold, held := policy.Value(c.settings, c.facts)
		if hold.Reason != c.want || held != (c.want != "") {
			t.Errorf("%s: %q", c.name, hold.Reason)
		}
	}
}

func TestWords(t *testing.T) {
	message := []string{"fone", "bluetooth"}
	has := func(rules []string) (string, bool) {
		i := slices.IndexFunc(rules, func(r string) bool { return slices.Contains(message, r) })
		if i < 0 {
			return "", false
		}
		return rules[i], true
	}
	for _, c := range []struct {
		name  string
		rules []core.WordRules
		want  core.Hold
	}{
		{"none", nil, core.Hold{}},
		{"required, there", []core.WordRules{{Require: []string{"tv", "fone"}}}, core.Hold{}},
		{"required, missing", []core.WordRules{{Require: []string{"tv"}}}, core.Hold{Reason: core.ReasonWordMissing}},
		{"blocked", []core.WordRules{{Block: []string{"tv", "fone"}}}, core.Hold{Reason: core.ReasonWordBlocked, Detail: "fone"}},
		{"the group's own", []core.WordRules{{}, {Block: []string{"bluetooth"}}}, core.Hold{Reason: core.ReasonWordBlocked, Detail: "bluetooth"}},
		{"both have to hold", []core.WordRules{{Require: []string{"fone"}}, {Require: []string{"tv"}}}, core.Hold{Reason: core.ReasonWordMissing}},
	} {
		hold, held := policy.Words(has, c.rules...)
		if hold != c.want || held != (c.want != core.Hold{}) {
			t.Errorf("%s: %+v", c.name, hold)
		}
	}
}
