package evolution

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// The reasons a webhook body cannot be read; codes of [gateway.Error].
const (
	codeEmpty     = "empty"
	codeMalformed = "malformed"
	codeTrailing  = "trailing"
	codeDepth     = "depth"
	codeShape     = "shape"
)

// maxDepth is how deep a body may be nested; real ones stay below 20.
const maxDepth = 64

// object is a JSON object of which nothing is certain: versions of the server disagree on
// types, so every reader below answers with a zero value instead of failing.
type object map[string]any

// parse reads exactly one JSON value and cleans its strings. The code says why it cannot.
func parse(body []byte) (value any, code string) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, codeEmpty
	}
	if tooDeep(body) {
		return nil, codeDepth
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // 64-bit numbers survive
	if decoder.Decode(&value) != nil {
		return nil, codeMalformed
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, codeTrailing
	}
	return clean(value), ""
}

// tooDeep counts brackets outside strings before anything is built from the body.
func tooDeep(body []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// clean replaces NUL, which databases refuse, by U+FFFD. The JSON decoder has already done
// so for invalid UTF-8 and lone surrogates.
func clean(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\uFFFD")
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	case map[string]any:
		for key, item := range v {
			v[key] = clean(item)
		}
	}
	return value
}

// node is value as an object, nil when it is none.
func node(value any) object {
	m, _ := value.(map[string]any)
	return m
}

// nodes is value as a list of objects: itself, or its objects when it is an array.
func nodes(value any) []object {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var objects []object
	for _, item := range list {
		if o := node(item); o != nil {
			objects = append(objects, o)
		}
	}
	return objects
}

func (o object) object(key string) object { return node(o[key]) }

func (o object) has(key string) bool { return o[key] != nil }

// text is the first of the keys that holds a string which is not empty.
func (o object) text(keys ...string) string {
	for _, key := range keys {
		if s, ok := o[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func (o object) flag(key string) bool { return o[key] == true || o[key] == "true" }

// number reads a number, a decimal string, or a protobuf Long {low, high, unsigned}.
func (o object) number(key string) (int64, bool) {
	switch v := o[key].(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
		f, err := v.Float64()
		return int64(f), err == nil && math.Abs(f) < 1<<53
	case float64:
		return int64(v), math.Abs(v) < 1<<53
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	case map[string]any:
		low, okLow := object(v).number("low")
		high, okHigh := object(v).number("high")
		return high<<32 | int64(uint32(low)), okLow && okHigh
	}
	return 0, false
}

// time reads an instant in seconds, or in milliseconds when it would otherwise lie
// thousands of years ahead; zero when unreadable.
func (o object) time(key string) time.Time {
	const (
		firstMilli = 100_000_000_000        // as seconds: the year 5138
		lastMilli  = 253_402_300_799 * 1000 // the end of the year 9999
	)
	switch n, ok := o.number(key); {
	case !ok || n <= 0 || n > lastMilli:
		return time.Time{}
	case n < firstMilli:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}
