package extract

import "strings"

// gluedHost returns where a word is glued to the host of a link, or 0: text after the last
// real top-level domain, as in "mercadolivre.comPower Bank". A host that has a path, or no
// known domain in it, is left as it is.
func gluedHost(link string) int {
	if strings.IndexByte(link, '/') >= 0 || strings.ContainsAny(link, "?#:@") {
		return 0
	}
	dot := strings.LastIndexByte(link, '.')
	label := link[dot+1:]
	if dot <= 0 || isTopLevel(label) {
		return 0
	}
	if n := camelBreak(label); n > 0 && isTopLevel(label[:n]) {
		return dot + 1 + n
	}
	return 0
}

// gluedText returns where other text is glued to the end of a link, or 0.
func gluedText(link string) int {
	if cut := gluedCode(link); cut > 0 {
		return cut
	}
	// "…/abc*Cupom*" is bold text; with a sign of a path or query after it, "*" is the link's.
	i := strings.IndexByte(link, '*')
	if tilde := strings.IndexByte(link, '~'); i < 0 || tilde >= 0 && tilde < i {
		i = tilde
	}
	if i <= 0 || strings.ContainsAny(link[i:], "=&%/?#") || strings.IndexByte(link[:i], '/') <= 0 {
		return 0
	}
	if link[i] == '~' && i+1 < len(link) && isAlnum(link[i+1]) && (link[i-1] == '/' || endsFold(link[:i], "%2f")) {
		return 0 // "/~ana" is somebody's page
	}
	return i
}

// shortHosts are short-link hosts that get text glued to them in practice, with the least
// and the most letters and digits of their codes.
var shortHosts = [...]struct {
	prefix      string
	least, most int
}{
	{"meli.la/", 7, 7}, {"mercadolivre.com/sec/", 6, 7}, {"mercadolivre.com.br/sec/", 6, 7},
	{"amzn.to/", 7, 7}, {"s.shopee.com.br/", 9, 10}, {"divulgador.magalu.com/", 8, 8},
}

// gluedCode returns where the code of a known short link ends when a time, a price, a word
// or another short link is glued to it, or 0. Without such evidence the code is left whole:
// cutting it would lead elsewhere.
func gluedCode(link string) int {
	path := strings.TrimPrefix(link, "www.")
	for _, h := range shortHosts {
		if len(path) <= len(h.prefix) || path[len(h.prefix)-1] != '/' || !strings.EqualFold(path[:len(h.prefix)], h.prefix) {
			continue
		}
		begin := len(link) - len(path) + len(h.prefix)
		if n := codeLength(link[begin:min(len(link), begin+64)], h.least, h.most); n > 0 {
			return begin + n
		}
		return 0
	}
	return 0
}

// codeLength returns how many bytes of s are the code, or 0 when nothing is surely glued to
// it. What would fit codes of two lengths is not sure.
func codeLength(s string, least, most int) int {
	for _, other := range shortHosts {
		if i := strings.Index(s, other.prefix); i > 0 {
			return i
		}
	}
	letters := 0
	for letters < len(s) && isAlnum(s[letters]) {
		letters++
	}
	if i := strings.Index(s[:min(len(s), letters+1)], "R$"); i > 0 {
		return i
	}
	if letters < most {
		return 0
	}
	if startsNumber(s[most:]) {
		for n := least; n < most; n++ {
			if startsNumber(s[n:]) {
				return 0
			}
		}
		return most
	}
	if least == most && hasDigit(s[:most]) && isCapitalised(s[most:letters]) {
		return most
	}
	return 0
}

// isCapitalised says whether s is a word such as "Cupom".
func isCapitalised(s string) bool {
	if len(s) < 3 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return strings.Trim(s[1:], "abcdefghijklmnopqrstuvwxyz") == ""
}

// startsNumber says whether s begins like a time or a price: digits, a separator, a digit.
func startsNumber(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n > 0 && n+1 < len(s) && strings.IndexByte(".,:", s[n]) >= 0 && s[n+1] >= '0' && s[n+1] <= '9'
}
