package extract

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/autopromo-cloud/autopromo/core"
)

// Facts is what a text says about its offer.
type Facts struct {
	// Price is what the product costs, the Pix price before the card's; zero when the text
	// gives none or leaves it unclear.
	Price core.Price
	// Coupons are the codes to type in, in order, each once.
	Coupons []string
	// SoldOut says that the text declares the offer over.
	SoldOut bool
}

// Offer reads the facts of a promotion written in Brazilian Portuguese.
func Offer(text string) Facts {
	lines := plainLines(text)
	return Facts{Price: price(lines), Coupons: coupons(lines), SoldOut: soldOut(lines)}
}

// line is one line of a text without links, WhatsApp marks, accents and invisible
// characters.
type line struct {
	text   string // as written
	lower  string // in lower case
	linked bool   // a link stood here
}

func plainLines(text string) []line {
	var b strings.Builder
	b.Grow(len(text))
	last := 0
	for _, l := range Links(text) {
		b.WriteString(text[last:l.Start])
		b.WriteString(" \x00 ")
		last = l.End
	}
	b.WriteString(text[last:])
	var lines []line
	for s := range strings.SplitSeq(fold(b.String()), "\n") {
		l := line{linked: strings.Contains(s, "\x00")}
		l.text = strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
		l.lower = strings.ToLower(l.text)
		if l.text != "" || l.linked {
			lines = append(lines, l)
		}
	}
	return lines
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

// soldOut looks for the words that end an offer, unless they are denied ("ainda não
// acabou"), not there yet ("quase esgotado") or part of "acabou de chegar".
func soldOut(lines []line) bool {
	for _, l := range lines {
		ws := words(l.lower)
		for i, w := range ws {
			switch w {
			case "esgotado", "esgotada", "esgotados", "esgotadas", "esgotou", "acabou", "acabaram",
				"encerrado", "encerrada", "encerrados", "encerrou", "expirado", "expirada", "expirou":
			default:
				continue
			}
			if i+1 < len(ws) && ws[i+1] == "de" && w == "acabou" {
				continue
			}
			if i > 0 && denies(ws[i-1]) || i > 1 && denies(ws[i-2]) {
				continue
			}
			return true
		}
	}
	return false
}

func denies(w string) bool {
	switch w {
	case "nao", "quase", "antes", "sem", "n", "nem", "se", "ate", "quando":
		return true
	}
	return false
}
