package gatewayhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// The server took the request and then broke: nobody knows what it did with it.
func ExampleCall_Do() {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	client := gatewayhttp.Client(&http.Client{})
	for _, nature := range []gatewayhttp.Nature{gatewayhttp.Reads, gatewayhttp.Sends} {
		call := gatewayhttp.Call{Op: "send", Nature: nature, Method: http.MethodPost, URL: server.URL, Body: []byte("oi")}
		_, err := call.Do(context.Background(), client)
		fmt.Println(err)
	}
	// Output:
	// gateway send: temporary (network)
	// gateway send: unknown (network)
}
