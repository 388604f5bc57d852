package evolution

import (
	"io"
	"net/http"
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   gateway.Kind
	}{
		{200, `{"instance":{"instanceName":"autopromo_1","state":"open"}}`, ""},
		{200, `{"error":true,"message":"[object Object]"}`, gateway.KindNotConnected},
		{404, failure(404, `["The \"autopromo_1\" instance does not exist"]`), gateway.KindNotFound},
		{401, "", gateway.KindAuth},
		{200, "<html>", gateway.KindUnknown},
	} {
		var asked string
		g, s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.Path
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		if err := g.Restart(t.Context(), s); gateway.KindOf(err) != c.kind {
			t.Errorf("%d %s: %v, want %q", c.status, c.body, err, c.kind)
		}
		if asked != "POST /instance/restart/autopromo_1" {
			t.Errorf("asked %q", asked)
		}
	}
}
