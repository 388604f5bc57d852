package fakewaha_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/autopromo-cloud/autopromo/testkit/fakewaha"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// A program makes a session, and a person scans its QR code.
func Example() {
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	server, err := fakewaha.New(world, fakewaha.Options{APIKey: "key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		fmt.Println(err)
		return
	}
	request := httptest.NewRequest(http.MethodPost, "/api/sessions", strings.NewReader(`{"name":"loja","start":true}`))
	request.Header.Set("X-Api-Key", "key")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	fmt.Println(answer.Code, server.Status("loja"))
	if err := server.Scan("loja", ana); err != nil {
		fmt.Println(err)
	}
	fmt.Println(server.Status("loja"))
	// Output:
	// 201 SCAN_QR_CODE
	// WORKING
}
