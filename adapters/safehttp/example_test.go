package safehttp_test

import (
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
)

func ExampleGuard_CheckServer() {
	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: []string{"evolution:8080"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, address := range []string{"HTTPS://Evo.Example.com:443/", "http://evolution:8080", "http://169.254.169.254"} {
		normalized, err := guard.CheckServer(address)
		fmt.Println(normalized, err)
	}
	// Output:
	// https://evo.example.com <nil>
	// http://evolution:8080 <nil>
	//  invalid: provider_url_host: field api_url: the address is not allowed: it is private or special
}

func ExampleGuard_Client() {
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = guard.Client(safehttp.ClientOptions{}).Get("http://100.100.100.200/latest/meta-data/")
	fmt.Println(errors.Is(err, safehttp.ErrBlocked))
	// Output: true
}
