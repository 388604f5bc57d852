package httpapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
)

type document struct {
	Paths map[string]map[string]struct {
		OperationID string                     `json:"operationId"`
		Summary     string                     `json:"summary"`
		Description string                     `json:"description"`
		Tags        []string                   `json:"tags"`
		Security    []map[string][]string      `json:"security"`
		Parameters  []struct{ In string }      `json:"parameters"`
		RequestBody json.RawMessage            `json:"requestBody"`
		Responses   map[string]json.RawMessage `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
}

// Every route but health, documentation and the console's pages is in the OpenAPI document, described, with the
// errors it can give; what it says about tokens is what the server does.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	raw := h.expect(200, "GET", "/openapi.json", nil).body
	var d document
	h.must(json.Unmarshal([]byte(raw), &d))
	parameter := regexp.MustCompile(`:(\w+)`)
	documented := 0
	for _, route := range httpapi.Routes(h.handler) {
		if !strings.HasPrefix(route.Path, "/api/") && !strings.HasPrefix(route.Path, "/hooks/") {
			continue
		}
		path := parameter.ReplaceAllString(route.Path, "{$1}")
		op, ok := d.Paths[path][strings.ToLower(route.Method)]
		name := route.Method + " " + path
		if !ok {
			t.Errorf("%s is not in the document", name)
			continue
		}
		documented++
		if op.Summary == "" || op.Description == "" || op.OperationID == "" {
			t.Errorf("%s is not described", name)
		}
		var wanted []string
		public := strings.HasPrefix(op.OperationID, "webhook") || slices.Contains([]string{"register", "login", "refresh"}, op.OperationID)
		// For nobody but operators is anything there.
		refusal := 401
		if slices.Contains(op.Tags, "operator") {
			refusal = 404
		}
		if !public {
			wanted = append(wanted, strconv.Itoa(refusal))
		}
		if public == (len(op.Security) > 0) {
			t.Errorf("%s: security %v", name, op.Security)
		}
		if len(op.RequestBody) > 0 || len(op.Parameters) > 0 {
			wanted = append(wanted, "422")
		}
		for _, status := range append(wanted, "500", "503") {
			if !strings.Contains(string(op.Responses[status]), "application/problem+json") {
				t.Errorf("%s does not document its %s", name, status)
			}
		}
		if !public {
			concrete := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, unknownID)
			if r := h.send(route.Method, concrete, nil); r.status != refusal {
				t.Errorf("%s without a token: %d", name, r.status)
			}
		}
	}
	all := 0
	for _, item := range d.Paths {
		all += len(item)
	}
	if documented < 30 || documented != all {
		t.Errorf("%d routes are documented, the document has %d operations", documented, all)
	}
	for name := range d.Components.Schemas {
		if strings.HasPrefix(name, "Error") {
			t.Errorf("schema %s is not ours", name)
		}
	}
	for _, ref := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllStringSubmatch(raw, -1) {
		if d.Components.Schemas[ref[1]] == nil {
			t.Errorf("schema %s is referred to and missing", ref[1])
		}
	}
	if yaml := h.expect(200, "GET", "/openapi.yaml", nil).body; !strings.Contains(yaml, "/api/v1/users/login") {
		t.Error("the YAML document has no log-in")
	}
}

func TestDocsPageNeedsNobodyElse(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	r := h.expect(200, "GET", "/docs", nil)
	for _, foreign := range []string{"<script", "http://", "https://", "javascript:", " style=", "<style"} {
		if strings.Contains(strings.ToLower(r.body), foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	for _, part := range []string{"/api/v1/users/login", "Connect my WhatsApp", "source_group_id", "/hooks/{provider}/{token}"} {
		if !strings.Contains(r.body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self';") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if css := h.expect(200, "GET", "/docs/style.css", nil); !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %v", css.header)
	}
}
