package fakelinks_test

import (
	"fmt"
	"net/http"

	"github.com/autopromo-cloud/autopromo/testkit/fakelinks"
)

func ExampleHosts() {
	client := &http.Client{
		Transport:     fakelinks.Hosts{"https://curto.example/a": "https://loja.example/produto/1"},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, link := range []string{"https://curto.example/a", "https://curto.example/b"} {
		answer, err := client.Get(link)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer.Body.Close()
		fmt.Println(answer.StatusCode, answer.Header.Get("Location"))
	}
	// Output:
	// 301 https://loja.example/produto/1
	// 404
}
