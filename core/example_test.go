package core_test

import (
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
)

// A refusal has a code for programs and a sentence for people.
func ExampleReason_Sentence() {
	err := core.NewError(core.CodePrecondition, core.ReasonNoTag, "Shopee")
	var e *core.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code)
		fmt.Println(e.Reason.Sentence(core.Portuguese, e.Detail))
		fmt.Println(e.Reason.Sentence(core.English, e.Detail))
	}
	// Output:
	// precondition
	// Você ainda não tem tag desta loja: Shopee.
	// You have no tag for this store yet: Shopee.
}

func ExamplePrice() {
	fmt.Println(core.Price{Cents: 129990})
	fmt.Println(core.Price{}.Known())
	// Output:
	// R$ 1.299,90
	// false
}
