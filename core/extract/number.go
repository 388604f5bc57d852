package extract

import "strings"

// number is a row of digits and separators in a line.
type number struct {
	begin, end int
	cents      int64 // what it is as a sum in centavos
	clear      bool  // the digits are a sum, and nothing else
	decimals   bool  // it has centavos
	grouped    bool  // it has a separator of thousands, and no centavos
}

// numberAt reads the number that begins at position i of s.
func numberAt(s string, i int) (number, bool) {
	if !isDigit(s[i]) || i > 0 && (isDigit(s[i-1]) || s[i-1] == '.' || s[i-1] == ',') {
		return number{}, false
	}
	n := number{begin: i, end: digitsEnd(s, i)}
	digits := s[i:n.end]
	if rest := s[n.end:]; len(digits) <= 3 && isDigits(digits) && spacedThousands(rest) {
		// "1 299,90"; without centavos it may be two numbers.
		n.end = digitsEnd(s, n.end+1)
		digits += s[i+len(digits)+1 : n.end]
		n.clear = strings.ContainsAny(digits, ".,")
	} else {
		n.clear = !brokenDecimals(rest)
	}
	if glued(s, n) {
		n.clear = false
	}
	if n.clear {
		n.cents, n.clear = centavos(digits)
		n.decimals = hasDecimals(digits)
		n.grouped = !n.decimals && strings.ContainsAny(digits, ".,")
	}
	return n, true
}

func digitsEnd(s string, i int) int {
	for i < len(s) && (isDigit(s[i]) || (s[i] == '.' || s[i] == ',') && i+1 < len(s) && isDigit(s[i+1])) {
		i++
	}
	return i
}

// glued says whether a number is part of a word such as "4k" or "ps5", of a percentage, or
// of something written with digits and lines: a date, a phone number, a range.
func glued(s string, n number) bool {
	if head := s[:n.begin]; head != "" && isWordByte(head[len(head)-1]) &&
		!strings.HasSuffix(head, "por") && !strings.HasSuffix(head, "de") {
		return true
	}
	tail := s[n.end:]
	if tail == "" {
		return false
	}
	if (tail[0] == '-' || tail[0] == '/') && len(tail) > 1 && isDigit(tail[1]) {
		return true
	}
	return isWordByte(tail[0]) || tail[0] == '%' || strings.HasPrefix(tail, " %")
}

// spacedThousands says whether s goes on with a space and a group of exactly three digits.
func spacedThousands(s string) bool {
	return len(s) >= 4 && s[0] == ' ' && isDigits(s[1:4]) &&
		(len(s) == 4 || !isDigit(s[4]) && !isWordByte(s[4]) && s[4] != '%')
}

// brokenDecimals says whether s goes on with centavos that a space cuts off, as in "99 ,90"
// and "99, 90": they may be centavos or not.
func brokenDecimals(s string) bool {
	tail := strings.TrimLeft(s, " ")
	if tail == "" || tail[0] != ',' && tail[0] != '.' {
		return false
	}
	tail = strings.TrimLeft(tail[1:], " ")
	return len(tail) >= 2 && isDigits(tail[:2]) && (len(tail) == 2 || !isDigit(tail[2]) && !isWordByte(tail[2]))
}

// centavos reads digits with separators: the last separator followed by two digits is
// decimal, by three it groups thousands; anything else is no clear sum. Seven digits before
// the centavos are far above any promotion and far below an overflow.
func centavos(s string) (cents int64, clear bool) {
	whole, decimals := s, "00"
	if hasDecimals(s) {
		whole, decimals = s[:len(s)-3], s[len(s)-2:]
	}
	digits, group := "", 0
	for i, part := range strings.FieldsFunc(whole, isSeparator) {
		if i > 0 && len(part) != 3 || i == 1 && (group > 3 || digits[0] == '0') {
			return 0, false
		}
		group = len(part)
		digits += part
		if len(digits) > 7 {
			return 0, false
		}
	}
	for _, d := range digits + decimals {
		cents = cents*10 + int64(d-'0')
	}
	return cents, digits != ""
}

func hasDecimals(s string) bool {
	i := strings.LastIndexAny(s, ".,")
	return i >= 0 && len(s)-i-1 == 2
}

func isSeparator(r rune) bool { return r == '.' || r == ',' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isWordByte(c byte) bool { return isAlnum(c) || c >= 0x80 }
