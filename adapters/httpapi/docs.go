package httpapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

//go:embed docs.html
var docsTemplate string

//go:embed docs.css
var docsStyle []byte

// registerDocs serves the finished OpenAPI document and a page made from it. Everything is
// rendered once; the page needs no script and nobody else's host.
func (s *server) registerDocs() error {
	s.describeWebhooks()
	document := s.api.OpenAPI()
	// Huma registers its own error model with every operation; ours replaces it.
	delete(document.Components.Schemas.Map(), "ErrorModel")
	delete(document.Components.Schemas.Map(), "ErrorDetail")
	allowNull(document, "OfferResponse", "hold")
	allowNull(document, "LinkResponse", "reason")
	asJSON, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("httpapi: OpenAPI document: %w", err)
	}
	asYAML, err := document.YAML()
	if err != nil {
		return fmt.Errorf("httpapi: OpenAPI document: %w", err)
	}
	page, err := renderDocs(document)
	if err != nil {
		return fmt.Errorf("httpapi: documentation page: %w", err)
	}
	for path, file := range map[string]struct {
		contentType string
		data        []byte
	}{
		"/openapi.json":   {"application/vnd.oai.openapi+json;version=3.1", asJSON},
		"/openapi.yaml":   {"application/vnd.oai.openapi;version=3.1", asYAML},
		"/docs":           {"text/html; charset=utf-8", page},
		"/docs/style.css": {"text/css; charset=utf-8", docsStyle},
	} {
		s.router.GET(path, func(c *gin.Context) {
			if path == "/docs" {
				c.Header("Content-Security-Policy",
					"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			}
			c.Data(http.StatusOK, file.contentType, file.data)
		})
	}
	return nil
}

// allowNull says that a property may be null instead of the object it refers to, which huma
// has no tag for. Answers are not validated, so this changes the document only.
func allowNull(document *huma.OpenAPI, schema, property string) {
	properties := document.Components.Schemas.Map()[schema].Properties
	properties[property] = &huma.Schema{
		Description: properties[property].Description,
		AnyOf:       []*huma.Schema{{Ref: properties[property].Ref}, {Type: "null"}},
	}
}

// documented is one operation of the page.
type documented struct {
	Method, Path, Summary, Description string
	NeedsToken                         bool
	Inputs                             []documentedField
	Answer                             typeLink // of success
	Statuses                           []string
}

type documentedField struct {
	Name, Where, Text string
	Type              typeLink
	Required          bool
}

// typeLink names a type; Object is the object on the page that explains it, if one does.
type typeLink struct{ Text, Object string }

// section is the operations of one tag.
type section struct {
	Name, Description string
	Operations        []documented
}

// object is a JSON object that operations take or answer.
type object struct {
	Name   string
	Fields []documentedField
}

func renderDocs(document *huma.OpenAPI) ([]byte, error) {
	page, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Info": document.Info, "Sections": sections(document), "Objects": objects(document),
	})
	return out.Bytes(), err
}

func sections(document *huma.OpenAPI) []section {
	byTag := map[string][]documented{}
	for _, item := range document.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				byTag[op.Tags[0]] = append(byTag[op.Tags[0]], documentedOf(document, op))
			}
		}
	}
	out := make([]section, 0, len(document.Tags))
	for _, tag := range document.Tags {
		operations := byTag[tag.Name]
		slices.SortFunc(operations, func(a, b documented) int {
			return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
		})
		out = append(out, section{Name: tag.Name, Description: tag.Description, Operations: operations})
	}
	return out
}

func objects(document *huma.OpenAPI) []object {
	var out []object
	for name, schema := range document.Components.Schemas.Map() {
		out = append(out, object{Name: name, Fields: fieldsOf(schema, "")})
	}
	slices.SortFunc(out, func(a, b object) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func documentedOf(document *huma.OpenAPI, op *huma.Operation) documented {
	d := documented{
		Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		NeedsToken: len(op.Security) > 0,
	}
	for _, p := range op.Parameters {
		d.Inputs = append(d.Inputs, documentedField{
			Name: p.Name, Where: p.In, Type: typeOf(p.Schema), Text: p.Description, Required: p.Required,
		})
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[jsonType]; media != nil {
			d.Inputs = append(d.Inputs, bodyFields(document, media.Schema)...)
		}
	}
	for status, response := range op.Responses {
		d.Statuses = append(d.Statuses, status)
		if media := response.Content[jsonType]; media != nil && strings.HasPrefix(status, "2") {
			d.Answer = typeOf(media.Schema)
		}
	}
	slices.Sort(d.Statuses)
	return d
}

func bodyFields(document *huma.OpenAPI, schema *huma.Schema) []documentedField {
	if schema.Ref != "" {
		schema = document.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return fieldsOf(schema, "body")
}

func fieldsOf(schema *huma.Schema, where string) []documentedField {
	fields := make([]documentedField, 0, len(schema.Properties))
	for name, property := range schema.Properties {
		fields = append(fields, documentedField{
			Name: name, Where: where, Type: typeOf(property), Text: property.Description,
			Required: slices.Contains(schema.Required, name),
		})
	}
	slices.SortFunc(fields, func(a, b documentedField) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func typeOf(s *huma.Schema) typeLink {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return typeLink{name, name}
	case s.Items != nil:
		item := typeOf(s.Items)
		return typeLink{"list of " + item.Text, item.Object}
	case len(s.AnyOf) > 0: // see allowNull
		of := typeOf(s.AnyOf[0])
		return typeLink{of.Text + " or null", of.Object}
	case len(s.Enum) > 0:
		return typeLink{Text: strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Enum), " ", " | "), "[]")}
	case s.Nullable:
		return typeLink{Text: s.Type + " or null"}
	}
	return typeLink{Text: s.Type}
}
