package extract

import "testing"

const nearText = "🔥 Fritadeira Air Fryer Teste 4,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10\nhttps://amzn.to/3abcdef"

func TestSimilar(t *testing.T) {
	for name, other := range map[string]string{
		"same":             nearText,
		"other dress":      "*FRITADEIRA AIR FRYER TESTE 4,2L PRETA 220V* com cesto antiaderente e timer!!! ✅\n\nDe ~R$ 399,90~ por *R$ 299,90* no pix 👉 meli.la/1abcdef cupom CASA10",
		"greeting":         "Bom dia, pessoal! ☀️\n" + nearText,
		"hype":             "CORRE!!! " + nearText,
		"another sentence": "De R$ 399,90 por R$ 299,90 no Pix, cupom: CASA10. Fritadeira Air Fryer Teste 4,2L preta, 220V, com cesto antiaderente e timer",
	} {
		if !Similar(nearText, other) || !Similar(other, nearText) {
			t.Errorf("%s: not similar", name)
		}
		if NearKey(nearText) != NearKey(other) || len(NearKey(other)) != 32 {
			t.Errorf("%s: keys %q and %q", name, NearKey(nearText), NearKey(other))
		}
	}
	for name, other := range map[string]string{
		"colour":  "Fritadeira Air Fryer Teste 4,2L Branca 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"size":    "Fritadeira Air Fryer Teste 5,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"volts":   "Fritadeira Air Fryer Teste 4,2L Preta 110V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"price":   "Fritadeira Air Fryer Teste 4,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 29,99 no Pix\nCupom: CASA10",
		"coupon":  "Fritadeira Air Fryer Teste 4,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA15",
		"brand":   "Fritadeira Air Fryer Outra 4,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"variant": "Fritadeira Air Fryer Teste Dual 4,2L Preta 220V com cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"without": "Fritadeira Air Fryer Teste 4,2L Preta 220V sem cesto antiaderente e timer\nDe R$ 399,90 por R$ 299,90 no Pix\nCupom: CASA10",
		"short":   "Fritadeira R$ 299,90",
		"":        "",
	} {
		if Similar(nearText, other) || Similar(other, nearText) {
			t.Errorf("%s: similar", name)
		}
	}
	if Similar("Oi", "Oi") || NearKey("Fone por R$ 10 no Pix hoje") != "" || NearKey("") != "" {
		t.Error("a short text has a key or is similar to another")
	}
	if Similar("Creme facial da Loja Teste pele oleosa dia 50g", "Creme facial da Loja Teste pele oleosa noite 50g") {
		t.Error("day and night are similar")
	}
}

func FuzzSimilar(f *testing.F) {
	f.Add(nearText, "Bom dia! "+nearText)
	f.Add("bom bom dia dia 1.2.3 ４,５ a b c d", "ǅ É\u0301 \xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		similar := Similar(a, b)
		if similar != Similar(b, a) {
			t.Fatalf("%q and %q: not both ways", a, b)
		}
		if similar && (NearKey(a) != NearKey(b) || NearKey(a) == "") {
			t.Fatalf("%q and %q are similar, keys %q and %q", a, b, NearKey(a), NearKey(b))
		}
		if (NearKey(a) != "") != Similar(a, a) {
			t.Fatalf("%q: key %q, similar to itself %v", a, NearKey(a), Similar(a, a))
		}
	})
}
