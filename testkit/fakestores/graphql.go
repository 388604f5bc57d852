package fakestores

import (
	"encoding/json"
	"errors"
	"strings"
)

var errQuery = errors.New("syntax error in the query")

// shortLinkInput reads the input of a document that is the mutation generateShortLink and
// nothing else, the way a GraphQL server would: a string that is not properly encoded ends
// where its quote ends, and what follows counts.
func shortLinkInput(document string, variables map[string]any) (map[string]any, error) {
	p := &parser{rest: document, variables: variables}
	p.want("mutation")
	if !p.is("(") && !p.is("{") {
		p.next() // the operation's name
	}
	if p.is("(") {
		for !p.is(")") && !p.failed {
			p.next() // declared types are not checked
		}
		p.want(")")
	}
	for _, token := range []string{"{", "generateShortLink", "(", "input", ":"} {
		p.want(token)
	}
	input, ok := p.value().(map[string]any)
	for _, token := range []string{")", "{", "shortLink", "}", "}", ""} {
		p.want(token)
	}
	if p.failed || !ok {
		return nil, errQuery
	}
	return input, nil
}

// parser reads a GraphQL document token by token. After a failure it reads nothing more.
type parser struct {
	rest      string
	variables map[string]any
	failed    bool
}

// peek returns the next token, "" at the end, and what follows it.
func (p *parser) peek() (token, rest string) {
	rest = p.rest
	for {
		rest = strings.TrimLeft(rest, " \t\r\n,\ufeff")
		if !strings.HasPrefix(rest, "#") {
			break
		}
		_, rest, _ = strings.Cut(rest, "\n")
	}
	if rest == "" || p.failed {
		return "", ""
	}
	n := 1
	switch c := rest[0]; {
	case c == '"':
		n = stringEnd(rest)
	case isName(c):
		for n < len(rest) && isName(rest[n]) {
			n++
		}
	case !strings.ContainsRune("{}()[]:$!=", rune(c)):
		n = 0
	}
	if n <= 0 {
		p.failed = true
		return "", ""
	}
	return rest[:n], rest[n:]
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// stringEnd is the length of the string that s starts with, -1 when it has no end.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\n', '\r':
			return -1
		case '"':
			return i + 1
		}
	}
	return -1
}

func (p *parser) is(token string) bool {
	next, _ := p.peek()
	return next == token
}

func (p *parser) next() string {
	token, rest := p.peek()
	p.failed = p.failed || token == ""
	p.rest = rest
	return token
}

// want reads a token that must be this one, "" for the end.
func (p *parser) want(token string) {
	got, rest := p.peek()
	p.failed = p.failed || got != token
	p.rest = rest
}

// value reads a string, a list, an object or a variable.
func (p *parser) value() any {
	switch token := p.next(); {
	case p.failed:
	case token[0] == '"':
		var s string
		// GraphQL's escapes are JSON's, so what JSON refuses is no GraphQL string either.
		p.failed = json.Unmarshal([]byte(token), &s) != nil
		return s
	case token == "[":
		list := []any{}
		for !p.is("]") && !p.failed {
			list = append(list, p.value())
		}
		p.want("]")
		return list
	case token == "{":
		object := map[string]any{}
		for !p.is("}") && !p.failed {
			name := p.next()
			_, twice := object[name]
			p.failed = p.failed || twice
			p.want(":")
			object[name] = p.value()
		}
		p.want("}")
		return object
	case token == "$":
		v, ok := p.variables[p.next()]
		p.failed = p.failed || !ok
		return v
	default:
		p.failed = true
	}
	return nil
}
