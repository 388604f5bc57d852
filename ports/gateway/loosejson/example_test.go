package loosejson_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

func ExampleParse() {
	value, code := loosejson.Parse([]byte(`{"event":"message","data":[{"at":"1795000000","fromMe":"true"},7]}`))
	if code != "" {
		fmt.Println("refused:", code)
		return
	}
	for _, o := range loosejson.Nodes(loosejson.Node(value)["data"]) {
		fmt.Println(o.Flag("fromMe"), o.Time("at").Year(), o.Text("absent") == "")
	}
	// Output: true 2026 true
}
