package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

const (
	apiPrefix    = "/api/v1"
	bearerScheme = "bearer"
	keyScheme    = "apiKey"
	// operatorTag marks operations that are not there for anybody but operators.
	operatorTag = "operator"
)

func (s *server) apiConfig() huma.Config {
	json := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decodeJSON}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "AutoPromo", Version: s.options.Version,
				Description: "Watches WhatsApp groups, puts your affiliate tags into the offers and posts them to your groups. " +
					"Register, log in and send the access_token as a bearer token; then connect WhatsApp, choose groups " +
					"and add tags. Sentences for people are Brazilian Portuguese, or English when Accept-Language prefers " +
					"it. Times are RFC 3339. Unknown fields and query parameters are refused with 422.",
				License: &huma.License{Name: "MIT", Identifier: "MIT"},
			},
			Tags: apiTags(),
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					bearerScheme: {
						Type: "http", Scheme: "bearer", BearerFormat: "JWT",
						Description: "The access_token of POST /api/v1/users/login.",
					},
					keyScheme: {
						Type: "http", Scheme: "bearer", BearerFormat: core.APIKeyStart + "…",
						Description: "An API key of POST /api/v1/account/api-keys, in place of an access token. It does not expire " +
							"and cannot touch passwords, sessions, API keys or the existence of the account.",
					},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": json, "json": json},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{problems},
	}
}

// apiTags are the groups of operations, in the order in which a newcomer needs them.
func apiTags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "users", Description: "Account, sessions, API keys and settings."},
		{Name: "whatsapp", Description: "The one WhatsApp session of a tenant."},
		{Name: "groups", Description: "Groups watched (sources) and groups posted to (destinations)."},
		{Name: "tags", Description: "The tenant's affiliate identity at each store."},
		{Name: "offers", Description: "What came in, what went out, and why something did not."},
		{Name: "dashboard", Description: "Numbers and the latest offers."},
		{Name: operatorTag, Description: "The whole installation, for its operators. Everybody else is told 404."},
		{Name: "webhooks", Description: "For WhatsApp providers only."},
	}
}

// operation describes one route. It needs a tenant, by access token or API key, unless it is
// public; by access token alone when it is a person's.
type operation struct {
	method, path string // path without apiPrefix
	id, tag      string
	summary      string
	description  string
	status       int // of success; default 200
	public       bool
	person       bool
	errors       []int                      // statuses beyond those every such operation has
	content      map[string]*huma.MediaType // of success, when it is not one JSON type
}

// describe makes the OpenAPI form of o; takesBody says whether it reads a body. Every
// operation can answer 422, because unknown query parameters are refused.
func (s *server) describe(o operation, takesBody bool) huma.Operation {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	op := huma.Operation{
		Method: o.method, Path: apiPrefix + o.path, OperationID: o.id, Tags: []string{o.tag},
		Summary: o.summary, Description: o.description, DefaultStatus: o.status,
		// The body is in memory already, see limitBody.
		BodyReadTimeout: -1, MaxBodyBytes: -1,
		Responses: map[string]*huma.Response{},
	}
	statuses := append([]int{
		http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}, o.errors...)
	if !o.public {
		op.Security = []map[string][]string{{bearerScheme: {}}}
		switch {
		case o.tag == operatorTag:
			statuses = append(statuses, http.StatusNotFound)
		case o.person:
			statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
		default:
			op.Security = append(op.Security, map[string][]string{keyScheme: {}})
			statuses = append(statuses, http.StatusUnauthorized)
		}
	}
	if takesBody {
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	s.addProblems(&op, statuses...)
	if o.content != nil {
		op.Responses[strconv.Itoa(o.status)] = &huma.Response{
			Description: http.StatusText(o.status), Content: o.content,
		}
	}
	return op
}

// addProblems documents the error answers of op.
func (s *server) addProblems(op *huma.Operation, statuses ...int) {
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: s.schema(problem{})}},
		}
	}
}

// schema refers to the schema of v's type.
func (s *server) schema(v any) *huma.Schema {
	t := reflect.TypeOf(v)
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// caller is the tenant behind a request, already authenticated.
type caller struct {
	*engine.Tenant
	account  core.Tenant
	session  core.SessionID // "" for an API key
	language core.Language
}

type callerKey struct{}

// none is the input of an operation without any, and the answer of one with status 204.
type none struct{}

type answer[T any] struct{ Body T }

// handle registers an operation that answers with JSON, or with nothing when O is none.
// Public operations get a caller without a tenant.
func handle[I, O any](s *server, o operation, do func(context.Context, caller, *I) (O, error)) {
	run := func(ctx context.Context, in *I) (O, error) {
		c, _ := ctx.Value(callerKey{}).(caller)
		c.language = languageOf(ctx)
		out, err := do(ctx, c, in)
		if err != nil {
			return out, s.problem(ctx, err)
		}
		return out, nil
	}
	_, takesBody := reflect.TypeFor[I]().FieldByName("Body")
	if reflect.TypeFor[O]() == reflect.TypeFor[none]() {
		o.status = http.StatusNoContent
		huma.Register(s.api, s.describe(o, takesBody), func(ctx context.Context, in *I) (*none, error) {
			_, err := run(ctx, in)
			return nil, err
		})
		return
	}
	huma.Register(s.api, s.describe(o, takesBody), func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := run(ctx, in)
		if err != nil {
			return nil, err
		}
		return &answer[O]{Body: out}, nil
	})
}

// idInput is the input of an operation on one thing.
type idInput struct {
	ID string `path:"id" doc:"The id, a UUID" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
}

// parseID accepts the form of our ids. Anything else names nothing, like an unknown id.
func parseID[T ~string](raw string) (T, error) {
	if !core.IsUUID(raw) {
		return "", core.ErrNotFound
	}
	return T(raw), nil
}

// optional is the wire form of a text that may be missing.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
