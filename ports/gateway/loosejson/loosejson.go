// Package loosejson reads the JSON of WhatsApp providers, whose versions and engines disagree
// on types: a number may be a string, a list a single object, a field absent or null.
//
// [Parse] reads any bytes anybody may send, with bounds. The readers of an [Object] answer
// with a zero value where something is not as expected, so that a decoder never fails on a
// field it could do without.
package loosejson

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

// The reasons a body cannot be read; codes for a gateway.Error.
const (
	CodeEmpty     = "empty"
	CodeMalformed = "malformed"
	CodeTrailing  = "trailing"
	CodeDepth     = "depth"
)

// maxDepth is how deep a body may be nested; real ones stay below 20.
const maxDepth = 64

// Object is a JSON object of which nothing is certain: versions of the server disagree on
// types, so every reader below answers with a zero value instead of failing.
type Object map[string]any

// Parse reads exactly one JSON value and cleans its strings. The code says why it cannot.
func Parse(body []byte) (value any, code string) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, CodeEmpty
	}
	if tooDeep(body) {
		return nil, CodeDepth
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // 64-bit numbers survive
	if decoder.Decode(&value) != nil {
		return nil, CodeMalformed
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, CodeTrailing
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

// Node is value as an object, nil when it is none.
func Node(value any) Object {
	m, _ := value.(map[string]any)
	return m
}

// Nodes is value as a list of objects: itself, or its objects when it is an array.
func Nodes(value any) []Object {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var objects []Object
	for _, item := range list {
		if o := Node(item); o != nil {
			objects = append(objects, o)
		}
	}
	return objects
}

// Object is the object under a key, nil when there is none.
func (o Object) Object(key string) Object { return Node(o[key]) }

// Has says whether there is a value under a key that is not null.
func (o Object) Has(key string) bool { return o[key] != nil }

// Text is the first of the keys that holds a string which is not empty.
func (o Object) Text(keys ...string) string {
	for _, key := range keys {
		if s, ok := o[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// Flag says whether the value under a key is true, or the string "true".
func (o Object) Flag(key string) bool { return o[key] == true || o[key] == "true" }

// Number reads a number, a decimal string, or a protobuf Long {low, high, unsigned}.
func (o Object) Number(key string) (int64, bool) {
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
		low, okLow := Object(v).Number("low")
		high, okHigh := Object(v).Number("high")
		return high<<32 | int64(uint32(low)), okLow && okHigh
	}
	return 0, false
}

// Time reads an instant in seconds, or in milliseconds when it would otherwise lie
// thousands of years ahead; zero when unreadable.
func (o Object) Time(key string) time.Time {
	const (
		firstMilli = 100_000_000_000        // as seconds: the year 5138
		lastMilli  = 253_402_300_799 * 1000 // the end of the year 9999
	)
	switch n, ok := o.Number(key); {
	case !ok || n <= 0 || n > lastMilli:
		return time.Time{}
	case n < firstMilli:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}
