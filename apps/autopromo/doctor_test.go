package main

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestDoctor(t *testing.T) {
	server, err := fakeevolution.New(fakewhatsapp.New(fakewhatsapp.Options{}), fakeevolution.Options{APIKey: "chave-certa"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	provider := httptest.NewServer(server)
	defer provider.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"nothing set": {nil, 0, []string{"ok      database: SQLite", "ok      bus:", "ok      evolution: customers bring"}},
		"a good provider": {
			[]string{"--evolution-url=" + provider.URL, "--evolution-api-key=chave-certa", "--gateway=whatsmeow,evolution"}, 0,
			[]string{"ok      whatsmeow:", "ok      evolution: " + provider.URL + ", version 2.3.7"},
		},
		"a refused key": {
			[]string{"--evolution-url=" + provider.URL, "--evolution-api-key=chave-errada"}, exitFailure,
			[]string{"NOT OK  evolution: " + provider.URL, "it refuses the key"},
		},
		"nobody there": {
			[]string{"--evolution-url=http://127.0.0.1:1", "--evolution-api-key=chave"}, exitFailure,
			[]string{"NOT OK  evolution: http://127.0.0.1:1: it cannot be reached"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := invoke(t, nil, append([]string{"doctor", "--data-dir=" + filepath.Join(t.TempDir(), "data")}, c.args...)...)
			if code != c.code {
				t.Errorf("code %d, want %d: %s", code, c.code, stderr)
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out+stderr, "chave-") {
				t.Errorf("it tells a key:\n%s%s", out, stderr)
			}
		})
	}
}
