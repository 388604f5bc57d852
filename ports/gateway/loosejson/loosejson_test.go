package loosejson

import (
	"strings"
	"testing"
	"time"
)

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		"": CodeEmpty, " \n": CodeEmpty, `{"a":`: CodeMalformed, "x": CodeMalformed, "{}{}": CodeTrailing, "{} x": CodeTrailing,
		strings.Repeat(`{"a":`, 100_000): CodeDepth, strings.Repeat("[", 65): CodeDepth,
		`{"a":"[[[["}`: "", "null": "", "[]": "",
	} {
		if _, code := Parse([]byte(body)); code != want {
			t.Errorf("%.20q: %q, want %q", body, code, want)
		}
	}
}

func TestReaders(t *testing.T) {
	value, code := Parse([]byte("{\"s\":\"a\\u0000b\",\"n\":9007199254740993,\"d\":\"12\",\"long\":{\"low\":-296329728,\"high\":417,\"unsigned\":true}," +
		"\"f\":1666943582.853,\"ms\":1795000000000,\"one\":{\"x\":1},\"t\":true,\"null\":null,\"list\":[1,{\"x\":2},null]}"))
	if code != "" {
		t.Fatal(code)
	}
	o := Node(value)
	if got := o.Text("absent", "n", "s"); got != "a\uFFFDb" {
		t.Errorf("text %q", got)
	}
	for key, want := range map[string]int64{"n": 9007199254740993, "d": 12, "f": 1666943582} {
		if got, ok := o.Number(key); got != want || !ok {
			t.Errorf("%s is %d, %v", key, got, ok)
		}
	}
	if _, ok := o.Number("s"); ok {
		t.Error("a text is a number")
	}
	if got := o.Time("ms"); !got.Equal(time.UnixMilli(1795000000000)) {
		t.Errorf("milliseconds are %v", got)
	}
	if !o.Time("s").IsZero() || !o.Flag("t") || o.Flag("s") || o.Has("null") || !o.Has("one") {
		t.Error("a reader took one type for another")
	}
	if len(Nodes(o["list"])) != 1 || len(Nodes(o["one"])) != 1 || Nodes(nil) != nil || o.Object("list") != nil {
		t.Error("nodes are not the objects of a list, or one object")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":{"b":["1",2.5,null]}}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		value, _ := Parse(body)
		for _, o := range Nodes(value) {
			for key := range o {
				o.Text(key)
				o.Number(key)
				o.Time(key)
				o.Object(key).Flag(key)
			}
		}
	})
}
