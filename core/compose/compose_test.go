package compose

import (
	"errors"
	"math/rand"
	"strings"
	"testing"
)

// edit marks what to change in a template: [old=new] replaces, {old} drops the line.
func edit(t *testing.T, template string) (string, []Edit) {
	t.Helper()
	var b strings.Builder
	var edits []Edit
	for rest := template; ; {
		i := strings.IndexAny(rest, "[{")
		if i < 0 {
			b.WriteString(rest)
			return b.String(), edits
		}
		b.WriteString(rest[:i])
		closing := map[byte]string{'[': "]", '{': "}"}[rest[i]]
		inner, tail, _ := strings.Cut(rest[i+1:], closing)
		old, text, _ := strings.Cut(inner, "=")
		edits = append(edits, Edit{Start: b.Len(), End: b.Len() + len(old), Text: text, DropLine: rest[i] == '{'})
		b.WriteString(old)
		rest = tail
	}
}

func TestApply(t *testing.T) {
	tests := []struct{ name, template, want string }{
		{"nothing", "a\r\n\r\n\r\nb ", "a\r\n\r\n\r\nb "},
		{"replace", "veja [x=y] já", "veja y já"},
		{"marks stay", "*[x=y]*, ([x=y])", "*y*, (y)"},
		{"text glued after", "[x=y]67.51:443", "y 67.51:443"},
		{"emoji glued after", "[x=y]👈", "y 👈"},
		{"full stop glued to more", "[x=y].51", "y .51"},
		{"links glued", "[x=y][z=w]", "y w"},
		{"text behind a dropped link", "[x=y]{z}👈", "y 👈"},
		{"marks and text behind a dropped link", "[x=y]*.{z}br {x}", "y *.br "},
		{"links with a comma", "[x=y],[z=w] fim", "y ,w fim"},
		{"drop first", "{x}\nb\nc", "b\nc"},
		{"drop middle", "a\nveja {x} já\nc", "a\nc"},
		{"drop last", "a\nb\n{x}", "a\nb"},
		{"drop last after blank", "a\n\n{x}", "a"},
		{"drop last with line end", "a\n{x}\n", "a"},
		{"drop all", "{x}", ""},
		{"one blank stays", "a\n\n{x}\n\nb", "a\n\nb"},
		{"only one blank goes", "a\n\n{x}\n\n\nb", "a\n\n\nb"},
		{"blank at the top goes", "{x}\n\nb", "b"},
		{"crlf", "a\r\n\r\n{x}\r\n\r\nb", "a\r\n\r\nb"},
		{"two on a line", "a\n{x} e {y}\nb", "a\nb"},
		{"two lines", "a\n\n{x}\n{y}\n\nb", "a\n\nb"},
		{"a kept link keeps its line", "Oferta {x} e [y=z] já", "Oferta  e z já"},
		{"drop and replace", "a [x=y]\n{z}\n[w=v]", "a y\nv"},
		{"letter before", "aqui[x=y] 1[x=y] á[x=y] 👉[x=y] :[x=y]", "aqui y 1 y á y 👉y :y"},
		{"drop after cr", "a\r{x}\rb", "a\rb"},
		{"drop after a line separator", "a\u2028{x}\u2028b\u2029{x}", "a\u2028b"},
		{"drop between other breaks", "a\v{x}\vb\f{x}\u0085c", "a\vb\fc"},
		{"drop and keep on a long line", "[x=y] {x} {x}\n{x} {x}\nb", "y  \nb"},
		{"drops apart", "{x}\n\na\n\n{y}\n\nb\n{z}\nc\n\n{w}", "a\n\nb\nc"},
		{"drops with blanks between", "a\n\n{x}\n\n{y}\n\nb", "a\n\nb"},
		{"drops are all there is", "{x}\n\n{y}\n", ""},
		{"drops at both ends", "{x}\n{y}\na [b=c]\n\n{z}\n{w}\n", "a c"},
		{"label stays", "Grupo:\n{x}\nfim", "Grupo:\nfim"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, edits := edit(t, tt.template)
			for range 3 { // any order
				got, err := Apply(text, edits)
				if err != nil || got != tt.want {
					t.Fatalf("got %q, %v; want %q", got, err, tt.want)
				}
				rand.New(rand.NewSource(1)).Shuffle(len(edits), func(i, j int) { edits[i], edits[j] = edits[j], edits[i] })
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, edits := range map[string][]Edit{
		"overlap": {{Start: 0, End: 3}, {Start: 2, End: 4}},
		"outside": {{Start: 0, End: 9}},
		"turned":  {{Start: 3, End: 1}},
		"before":  {{Start: -1, End: 1}},
	} {
		if got, err := Apply("abcdef", edits); !errors.Is(err, ErrEdits) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Whatever is not edited must come out as it went in: with every edit turned into its own
// source text, followed by a space, the whole text comes out.
func TestApplyKeepsTheRest(t *testing.T) {
	random := rand.New(rand.NewSource(7))
	alphabet := []string{"a", "é", " ", "\n", "\r\n", "👈", "*", ".", "\xff"}
	for range 20000 {
		var b strings.Builder
		for range random.Intn(40) {
			b.WriteString(alphabet[random.Intn(len(alphabet))])
		}
		text := b.String()
		var edits []Edit
		var want strings.Builder
		last := 0
		for at := 0; at+2 < len(text); at += 2 + random.Intn(6) {
			end := at + random.Intn(2)
			edits = append(edits, Edit{Start: at, End: end, Text: ""})
			want.WriteString(text[last:at])
			last = end
		}
		want.WriteString(text[last:])
		if got, err := Apply(text, edits); err != nil || got != want.String() {
			t.Fatalf("%q %v: got %q, %v; want %q", text, edits, got, err, want.String())
		}
		for i := range edits {
			edits[i].DropLine = random.Intn(2) == 0
		}
		if got, err := Apply(text, edits); err != nil || len(got) > len(text) {
			t.Fatalf("%q %v: got %q, %v", text, edits, got, err)
		}
	}
}
