package extract

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/autopromo-cloud/autopromo/core"
)

// Offer reads the facts of a promotion written in Brazilian Portuguese. It is a pure
// function of the text, takes time linear in its length, and leaves out what is unclear.
func Offer(text string) core.Facts {
	lines := plainLines(text)
	price, list := prices(lines)
	f := core.Facts{
		Price:        price,
		ListPrice:    list,
		Coupons:      verbatim(text, coupons(lines)),
		FreeShipping: freeShipping(lines),
		AppOnly:      appOnly(lines),
	}
	f.CouponOnly = !price.Known() && couponOnly(lines, f.Coupons)
	f.Discount = discount(lines, f)
	f.SoldOut = soldOut(lines, f.CouponOnly)
	return f
}

// fold brings a text to plain letters: compatibility forms such as "ｃｕｐｏｍ" resolved,
// accents, invisible characters and WhatsApp's marks gone.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '*', r == '_', r == '~', r == '`', unicode.IsMark(r), unicode.Is(unicode.Cf, r):
			return -1
		case r != '\n' && unicode.IsSpace(r):
			return ' '
		}
		return r
	}, norm.NFKD.String(s))
}

// words splits at everything that is no letter, digit, "%" or "+".
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '%' && r != '+'
	})
}

// wordList is a set of lower-case words without accents: a text with a space before and
// after each of them.
type wordList string

func (l wordList) has(w string) bool {
	return w != "" && strings.Contains(string(l), " "+w+" ")
}

// hasAny says whether one of ws is in the list.
func (l wordList) hasAny(ws []string) bool {
	for _, w := range ws {
		if l.has(w) {
			return true
		}
	}
	return false
}

// fromEnd returns the word that stands back places from the end, the last being 1, or "".
func fromEnd(ws []string, back int) string {
	if back > len(ws) {
		return ""
	}
	return ws[len(ws)-back]
}

// last returns the last n words, or all when there are fewer.
func last(ws []string, n int) []string { return ws[max(0, len(ws)-n):] }

// first returns the first n words, or all when there are fewer.
func first(ws []string, n int) []string { return ws[:min(n, len(ws))] }
