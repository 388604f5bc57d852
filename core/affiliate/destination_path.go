package affiliate

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"github.com/autopromo-cloud/autopromo/core"
)

// pathObjection says why a path cannot be linked to; "" when it is fine.
func pathObjection(p string) core.Reason {
	parts, ok := segments(p)
	if !ok {
		return core.ReasonLinkDeceptive
	}
	if len(parts) == 0 || strings.ContainsAny(p[len(p)-1:], "._~") {
		return core.ReasonLinkNotProduct // messages cut such signs off the end of a link
	}
	for i, segment := range parts {
		shown, err := url.PathUnescape(segment)
		switch {
		case err != nil || !isPlainSegment(segment) || !isPlainText(shown) || leadsElsewhere(shown):
			return core.ReasonLinkDeceptive
		case isPersonal(shown) && !isFriendlySlug(parts, i), isShop(shown) && !startsProduct(parts[i+1:]):
			return core.ReasonLinkForeignProfile
		}
	}
	return ""
}

// isPlainSegment accepts what has no meaning of its own in a path; escapes only of what is
// not ASCII.
func isPlainSegment(segment string) bool {
	return segment[0] != '.' && !escapesASCII(segment) &&
		allBytes(segment, 1, 512, func(c byte) bool { return isPathByte(c) || c == '+' || c == '%' })
}

// isPlainText accepts Latin letters, as in "café", and the signs that shops put in names.
// Others may stand for ASCII: a server could read a full-width "＝" as "=".
func isPlainText(shown string) bool {
	return !strings.ContainsFunc(shown, func(r rune) bool {
		latin := r <= unicode.MaxASCII || r <= 'ɏ' && unicode.IsLetter(r)
		return !latin && !strings.ContainsRune("°²³¹½¼¾®©™×–—‘’“”•", r)
	})
}

// leadsElsewhere finds a second address in a segment, as redirectors carry: a host, or one
// encoded as base64 or hexadecimal digits.
func leadsElsewhere(segment string) bool {
	segment = strings.ToLower(segment)
	if strings.HasPrefix(segment, "www.") || strings.HasSuffix(segment, ".") ||
		strings.Contains(segment, ".xn--") || strings.Contains(segment, "ahr0c") || strings.Contains(segment, "3a2f2f") {
		return true
	}
	segment = strings.TrimSuffix(segment, "-br.lr") // of Renner's pages
	names := strings.FieldsFunc(segment, func(r rune) bool { return strings.ContainsRune("+~_-", r) })
	return slices.ContainsFunc(names, func(name string) bool {
		name = strings.TrimRight(name, ".")
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return false
		}
		_, isDomain := publicsuffix.PublicSuffix("x" + name[i:])
		name = strings.TrimLeft(name, ".")
		isAddress := strings.Count(name, ".") == 3 && strings.Trim(name, ".0123456789") == ""
		return isDomain || isAddress
	})
}

// foldWord makes "Usuário" into "usuario", and takes the ending off "go.php".
func foldWord(segment string) string {
	segment = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKD.String(segment)))
	for _, ending := range pageEndings {
		if word, ok := strings.CutSuffix(segment, ending); ok {
			return word
		}
	}
	return segment
}

// pageEndings end the names of pages.
var pageEndings = []string{".html", ".htm", ".php", ".asp", ".aspx", ".jsp"}

// personalWords are segments that lead to somebody's page, or send on to another.
var personalWords = map[string]bool{
	"social": true, "sec": true, "perfil": true, "perfis": true, "profile": true, "profiles": true,
	"u": true, "user": true, "users": true, "usuario": true, "usuarios": true, "member": true, "members": true,
	"membro": true, "membros": true, "creator": true, "creators": true, "criador": true, "criadora": true,
	"criadores": true, "criadoras": true, "curador": true, "curadora": true, "curadoria": true, "colab": true,
	"collab": true, "collabs": true, "promotor": true, "promotora": true, "promotores": true,
	"representante": true, "representantes": true, "distribuidor": true, "distribuidora": true,
	"seller": true, "sellers": true, "lojista": true, "lojistas": true, "vitrine": true, "vitrines": true,
	"sualoja": true, "sua-loja": true, "espaco": true, "canal": true, "bio": true,
	"lista": true, "listas": true, "list": true, "lists": true, "wishlist": true,
	"cupom": true, "cupons": true, "coupon": true, "coupons": true, "voucher": true, "vouchers": true,
	"campanha": true, "campanhas": true, "campaign": true, "campaigns": true, "lp": true, "landing": true,
	"aff": true, "affid": true, "ref": true, "refer": true, "referral": true, "invite": true, "convite": true,
	"indica": true, "indicado": true, "indicacao": true, "indique": true, "mgm": true,
	"tag": true, "aid": true, "pid": true, "uid": true, "sid": true, "subid": true, "clickref": true, "clickid": true,
	"r": true, "l": true, "s": true, "t": true, "x": true, "go": true, "goto": true, "ir": true, "to": true,
	"out": true, "outbound": true, "sair": true, "exit": true, "away": true, "jump": true, "forward": true,
	"external": true, "externo": true, "redir": true, "redirecionar": true, "rd": true, "link": true, "links": true,
	"url": true, "http": true, "https": true, "click": true, "clk": true, "clique": true, "share": true,
	"track": true, "tracking": true, "deeplink": true, "universal-link": true,
}

// personalStarts are how other such segments start.
var personalStarts = []string{
	"afiliad", "affiliat", "aff-", "aff_", "aff.", "parceir", "parceria", "partner", "influenc",
	"consultor", "divulgador", "revendedor", "vendedor", "promoter", "embaixador", "ambassador", "achadinho",
	"minhaloja", "minha-loja", "indique-", "indicacao-", "cupom-", "cupom_", "redirect", "utm", "an_",
}

// isPersonal says whether a segment leads to somebody's page, or sends on to another.
func isPersonal(segment string) bool {
	word := foldWord(segment)
	return personalWords[word] || slices.ContainsFunc(personalStarts, func(start string) bool { return strings.HasPrefix(word, start) })
}

// isFriendlySlug says whether segment i starts with a word that names people and products
// alike, and is the long name of what surely is a product: "parceiro-de-treino-kit/p".
func isFriendlySlug(parts []string, i int) bool {
	slug := strings.ToLower(parts[i])
	if !strings.HasPrefix(slug, "parceir") && !strings.HasPrefix(slug, "partner") && !strings.HasPrefix(slug, "vendedor") ||
		len(slugWords(slug)) < 4 {
		return false
	}
	switch {
	case i == 0 && len(parts) == 1:
		return strings.HasSuffix(slug, ".html")
	case i == 0:
		return len(parts) == 2 && parts[1] == "p"
	case i == len(parts)-1 && startsProduct(parts):
		return i == 1 || i == 2 && allBytes(parts[1], 1, 20, isDigit)
	}
	return false
}

// isShop finds words after which the name of somebody's shop follows.
func isShop(segment string) bool {
	switch foldWord(segment) {
	case "loja", "lojas", "store", "stores", "shop", "shops":
		return true
	}
	return false
}

// startsProduct says whether parts are "produto" or the like and its name.
func startsProduct(parts []string) bool { return len(parts) > 1 && isProductWord(parts[0]) }

func isProductWord(segment string) bool {
	switch foldWord(segment) {
	case "p", "dp", "pd", "prod", "produto", "produtos", "product", "products", "item", "detalhe", "detalhes", "ver":
		return true
	}
	return false
}

// isProductPath says whether a path looks like a product's: one word alone may well be the
// name of somebody's shop. It has a word for products before the name, or "/p" after it, or
// a page's ending, five digits, or a name of three words. Where the id stands in the query,
// the word for products may be alone.
func isProductPath(p string, idInQuery bool) bool {
	parts, _ := segments(p)
	for i, segment := range parts {
		last := i == len(parts)-1
		name := strings.ToLower(segment)
		switch {
		case isProductWord(name) && (!last || idInQuery || name == "p" && i > 0),
			slices.ContainsFunc(pageEndings, func(ending string) bool { return strings.HasSuffix(name, ending) }),
			hasDigits(name, 5), len(slugWords(name)) >= 3:
			return true
		}
	}
	return false
}

// slugWords splits a product's name in an address into its words.
func slugWords(slug string) []string {
	return strings.FieldsFunc(slug, func(r rune) bool { return strings.ContainsRune("-_+.~", r) })
}

// hasDigits says whether n digits follow each other in s; escapes are no digits.
func hasDigits(s string, n int) bool {
	run := 0
	for i := range len(s) {
		switch {
		case isDigit(s[i]) && (i < 1 || s[i-1] != '%') && (i < 2 || s[i-2] != '%'):
			if run++; run == n {
				return true
			}
		default:
			run = 0
		}
	}
	return false
}
