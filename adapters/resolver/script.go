package resolver

import (
	"net/url"
	"regexp"
	"strings"
)

// scriptTargets collects where the scripts of a page send its visitors.
type scriptTargets struct {
	found map[string]bool
	// built is set when some address is not written out: such a script has to be run, and
	// that is not for us.
	built bool
}

// locationChange matches the start of a change of the page's own location:
// location =, window.location.href =, location.replace(.
var locationChange = regexp.MustCompile(
	`(?:^|[^\w$.]|\b(?:window|document|self|top|parent|globalThis)\.)location(?:\.href)?\s*(?:=|\.(?:replace|assign)\s*\()\s*`)

// quoted matches a string literal at the start.
var quoted = regexp.MustCompile("^(?:\"((?:[^\"\\\\\n]|\\\\.)*)\"|'((?:[^'\\\\\n]|\\\\.)*)'|`((?:[^`\\\\$]|\\\\.)*)`)")

// read adds the changes of location in one script.
func (s *scriptTargets) read(script string) {
	for _, m := range locationChange.FindAllStringIndex(script, -1) {
		rest := script[m[1]:]
		if strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, ">") {
			continue // a comparison or a parameter
		}
		literal := quoted.FindStringSubmatchIndex(rest)
		if literal == nil || isContinued(rest[literal[1]:]) {
			s.built = true
			continue
		}
		for group := 2; group < len(literal); group += 2 {
			if literal[group] >= 0 {
				s.add(unescape.Replace(rest[literal[group]:literal[group+1]]))
			}
		}
	}
}

// isContinued says whether an expression goes on after a literal.
func isContinued(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && strings.IndexByte("+.?[&|%*", rest[0]) >= 0
}

// add keeps web addresses. Others open apps, and a page may try one of those first.
func (s *scriptTargets) add(target string) {
	target = strings.TrimSpace(target)
	u, err := url.Parse(target)
	switch {
	case err != nil || target == "" || strings.Contains(target, `\`):
		s.built = true
	case u.Scheme == "", u.Scheme == "http", u.Scheme == "https":
		if s.found == nil {
			s.found = map[string]bool{}
		}
		s.found[target] = true
	}
}

// only returns the one address that all changes of location agree on, "" when there is none.
func (s *scriptTargets) only() string {
	if s.built || len(s.found) != 1 {
		return ""
	}
	for target := range s.found {
		return target
	}
	return ""
}

// isJavaScript says whether a script of this type is run by browsers.
func isJavaScript(kind string) bool {
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "", "module", "text/javascript", "application/javascript", "application/x-javascript":
		return true
	}
	return false
}

// unescape undoes the escapes that JSON encoders put into addresses.
var unescape = strings.NewReplacer(
	`\/`, `/`, `\u0026`, `&`, `\u003d`, `=`, `\u003D`, `=`, `\u002F`, `/`, `\u002f`, `/`, `\x26`, `&`, `\x2F`, `/`, `\x2f`, `/`, `\x3D`, `=`, `\x3d`, `=`)
