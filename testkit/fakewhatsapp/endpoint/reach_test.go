package endpoint_test

import (
	"net/http"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

// Another program reaches the server under WhatsApp's own names.
func TestReach(t *testing.T) {
	server, err := endpoint.New(fakewhatsapp.New(fakewhatsapp.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	word, err := server.Reach()
	if err != nil {
		t.Fatal(err)
	}
	client, err := endpoint.Client(word)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://web.whatsapp.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", "?", "e30", word[:len(word)/2]} {
		if _, err := endpoint.Client(wrong); err == nil {
			t.Errorf("%q is taken for a server", wrong)
		}
	}
}
