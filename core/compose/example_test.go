package compose_test

import (
	"fmt"
	"strings"

	"github.com/autopromo-cloud/autopromo/core/compose"
)

func ExampleApply() {
	const theirs, group = "https://a.example/x", "https://b.example/y"
	text := "Air Fryer por R$ 299\n" + theirs + "\n\nGrupo: " + group
	first, second := strings.Index(text, theirs), strings.Index(text, group)
	out, err := compose.Apply(text, []compose.Edit{
		{Start: first, End: first + len(theirs), Text: "https://c.example/z"},
		{Start: second, End: second + len(group), DropLine: true},
	})
	fmt.Printf("%q %v\n", out, err)
	// Output: "Air Fryer por R$ 299\nhttps://c.example/z" <nil>
}
