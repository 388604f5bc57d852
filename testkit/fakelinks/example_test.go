package fakelinks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/autopromo-cloud/autopromo/testkit/fakelinks"
)

// get asks for one address and follows nothing.
func get(ctx context.Context, web http.RoundTripper, address string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return web.RoundTrip(request)
}

func ExampleHosts() {
	hosts := fakelinks.Hosts{"https://curto.example/a": "https://loja.example/produto/1"}
	for _, link := range []string{"https://curto.example/a", "https://curto.example/b"} {
		answer, err := get(context.Background(), hosts, link)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = answer.Body.Close()
		fmt.Println(answer.StatusCode, answer.Header.Get("Location"))
	}
	// Output:
	// 301 https://loja.example/produto/1
	// 404
}

func ExampleWeb() {
	const showcase = "https://www.mercadolivre.com.br/social/perfil?ref=BAbc"
	web := &fakelinks.Recorder{Transport: fakelinks.Web{
		"https://meli.la/1aB2cD3": fakelinks.Redirect(showcase),
		showcase:                  fakelinks.Showcase("https://www.mercadolivre.com.br/furadeira/p/MLB11111111"),
		"https://curto.example/a": fakelinks.Captcha(),
	}}
	for _, link := range []string{"https://meli.la/1aB2cD3", showcase, "https://curto.example/a", "https://curto.example/b"} {
		answer, err := get(context.Background(), web, link)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = answer.Body.Close()
		fmt.Println(answer.Status)
	}
	fmt.Println(len(web.Requests()), "requests")
	// Output:
	// 301 Moved Permanently
	// 200 OK
	// 200 OK
	// 404 Not Found
	// 4 requests
}

func ExampleSlow() {
	slow, arrived, release := fakelinks.Slow(fakelinks.Redirect("https://loja.example/produto/1"))
	web := fakelinks.Web{"https://curto.example/a": slow}

	leaving, leave := context.WithCancel(context.Background())
	go func() {
		<-arrived
		leave()
	}()
	if _, err := get(leaving, web, "https://curto.example/a"); err != nil {
		fmt.Println(errors.Is(err, context.Canceled))
	}

	release()
	answer, err := get(context.Background(), web, "https://curto.example/a")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = answer.Body.Close()
	fmt.Println(answer.StatusCode)
	// Output:
	// true
	// 301
}
