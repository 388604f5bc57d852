package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// userResponse is a tenant on the wire.
type userResponse struct {
	ID        string       `json:"id"`
	Email     string       `json:"email"`
	FullName  *string      `json:"full_name"`
	Config    settingsJSON `json:"config_json" doc:"The settings"`
	Limits    limitsJSON   `json:"limits" doc:"What the operator of this installation allows"`
	IsActive  bool         `json:"is_active"`
	CreatedAt time.Time    `json:"created_at"`
}

func userOf(t core.Tenant) userResponse {
	return userResponse{
		ID: string(t.ID), Email: t.Email, FullName: optional(t.FullName),
		Config: settingsOf(t.Settings), Limits: limitsOf(t.Limits), IsActive: t.Active, CreatedAt: t.CreatedAt,
	}
}

// registration is checked for the password's length by checkPassword, which has a sentence
// of its own.
type registration struct {
	Email    string  `json:"email" doc:"Unique, in any case" example:"maria@example.com"`
	Password string  `json:"password" doc:"8 to 128 characters"`
	FullName *string `json:"full_name,omitempty" maxLength:"200"`
}

// credentials is the JSON form of a log-in; the OAuth2 password form has username and
// password.
type credentials struct {
	Email    string `json:"email,omitempty" doc:"Or username"`
	Username string `json:"username,omitempty" doc:"The e-mail, under the name OAuth2 gives it"`
	Password string `json:"password"`
}

// passwordForm is the OAuth2 password grant (RFC 6749, 4.3). Other fields are ignored.
type passwordForm struct {
	GrantType string `json:"grant_type,omitempty" example:"password"`
	Username  string `json:"username" doc:"The e-mail"`
	Password  string `json:"password"`
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" doc:"That of the last log-in or refresh"`
	} `nameHint:"RefreshRequest"`
}

// tokenResponse is a session.
type tokenResponse struct {
	AccessToken  string       `json:"access_token" doc:"Goes into the Authorization header, after Bearer"`
	TokenType    string       `json:"token_type" example:"bearer"`
	ExpiresIn    int          `json:"expires_in" doc:"Seconds until the access token ends"`
	RefreshToken string       `json:"refresh_token" doc:"For POST /users/refresh, once the access token has ended"`
	User         userResponse `json:"user"`
}

func (s *server) registerUsers() {
	handle(s, operation{
		method: http.MethodPost, path: "/users/register", id: "register", tag: "users", public: true,
		summary: "Create an account",
		description: "Creates a tenant with safe default settings. A taken e-mail is 400 with code email_taken; " +
			"403 says that this installation takes no registrations.",
		status: http.StatusCreated,
		errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests},
	}, s.register)
	handle(s, operation{
		method: http.MethodPost, path: "/users/refresh", id: "refresh", tag: "users", public: true,
		summary: "Get a new access token",
		description: "Exchanges a refresh token for a new pair. Each refresh token is good for one exchange, and for a minute " +
			"after it in case the answer got lost; later use ends the session. 401 means: log in again.",
		errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusTooManyRequests},
	}, s.refresh)
	handle(s, operation{
		method: http.MethodGet, path: "/users/me", id: "me", tag: "users",
		summary:     "Show my account",
		description: "The tenant behind the token, with its settings.",
	}, func(_ context.Context, c caller, _ *none) (userResponse, error) { return userOf(c.account), nil })
	handle(s, operation{
		method: http.MethodPatch, path: "/users/me/config", id: "change-config", tag: "users",
		summary: "Change my settings",
		description: "Merges the given settings into the stored ones; what is not named stays. The keys are accepted " +
			"at the top level and inside config_json. An unknown key or a value out of range is 422 and changes nothing.",
		errors: []int{http.StatusBadRequest},
	}, changeSettings)
	s.registerLogin()
}

func (s *server) register(ctx context.Context, _ caller, in *struct{ Body registration }) (userResponse, error) {
	tenant, err := s.createAccount(ctx, in.Body)
	if err != nil {
		return userResponse{}, err
	}
	return userOf(tenant), nil
}

// createAccount registers a tenant, if this installation lets strangers do so.
func (s *server) createAccount(ctx context.Context, r registration) (core.Tenant, error) {
	if err := s.attempts.register(aboutOf(ctx).address); err != nil {
		return core.Tenant{}, err
	}
	if s.options.Registration == RegistrationClosed {
		return core.Tenant{}, core.NewError(core.CodeForbidden, core.ReasonRegistrationClosed, "")
	}
	// Cheap checks come before the hash.
	email, err := core.NormalizeEmail(r.Email)
	if err != nil {
		return core.Tenant{}, err
	}
	if err := checkPassword(r.Password); err != nil {
		return core.Tenant{}, err
	}
	hash, err := s.passwords.hash(ctx, r.Password)
	if err != nil {
		return core.Tenant{}, err
	}
	n := engine.NewTenant{Email: email, PasswordHash: hash}
	if r.FullName != nil {
		n.FullName = strings.TrimSpace(*r.FullName)
	}
	return s.engine.Register(ctx, n)
}

func (s *server) refresh(ctx context.Context, _ caller, in *refreshInput) (tokenResponse, error) {
	if err := s.attempts.register(aboutOf(ctx).address); err != nil {
		return tokenResponse{}, err
	}
	c, err := s.tokens.verify(refreshToken, in.Body.RefreshToken)
	if err != nil {
		return tokenResponse{}, err
	}
	tenant := s.engine.Tenant(c.tenant())
	account, err := tenant.Get(ctx)
	if err == nil && (!account.Active || account.Session != c.Generation) {
		err = errUnauthenticated
	}
	if err != nil {
		return tokenResponse{}, unauthenticated(err)
	}
	session, err := tenant.RotateSession(ctx, c.Session, c.Rotation, s.options.RefreshTTL)
	if core.CodeOf(err) == core.CodeConflict {
		return tokenResponse{}, errUnauthenticated
	}
	if err != nil {
		return tokenResponse{}, unauthenticated(err)
	}
	return s.tokensOf(account, session)
}

// newSession begins a session of a program.
func (s *server) newSession(ctx context.Context, account core.Tenant) (tokenResponse, error) {
	session, err := s.engine.Tenant(account.ID).BeginSession(ctx, engine.NewSession{
		Device: aboutOf(ctx).userAgent, Life: s.options.RefreshTTL,
	})
	if err != nil {
		return tokenResponse{}, err
	}
	return s.tokensOf(account, session)
}

func (s *server) tokensOf(account core.Tenant, session core.Session) (tokenResponse, error) {
	access, err := s.tokens.issue(accessToken, account, session)
	if err != nil {
		return tokenResponse{}, err
	}
	refresh, err := s.tokens.issue(refreshToken, account, session)
	if err != nil {
		return tokenResponse{}, err
	}
	return tokenResponse{
		AccessToken: access, TokenType: "bearer", ExpiresIn: int(s.options.AccessTTL.Seconds()),
		RefreshToken: refresh, User: userOf(account),
	}, nil
}

// registerLogin adds the log-in by hand: it takes a form or JSON, and huma knows only one
// kind of body an operation.
func (s *server) registerLogin() {
	s.router.POST(apiPrefix+"/users/login", s.login)
	op := s.describe(operation{
		method: http.MethodPost, path: "/users/login", id: "login", tag: "users", public: true,
		summary: "Log in",
		description: "Takes the OAuth2 password form (username, password) or JSON (email or username, password). " +
			"Unknown accounts and wrong passwords give the same 401; a disabled account is 403.",
		content: map[string]*huma.MediaType{jsonType: {Schema: s.schema(tokenResponse{})}},
		errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
			http.StatusUnsupportedMediaType, http.StatusTooManyRequests,
		},
	}, true)
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		formType: {Schema: s.schema(passwordForm{})},
		jsonType: {Schema: s.schema(credentials{})},
	}}
	s.api.OpenAPI().AddOperation(&op)
}

func (s *server) login(c *gin.Context) {
	ctx := c.Request.Context()
	in, err := readCredentials(c)
	if err != nil {
		s.refuse(c, err)
		return
	}
	tenant, err := s.checkCredentials(ctx, in)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Set(tenantKey, string(tenant.ID))
	session, err := s.newSession(ctx, tenant)
	if err != nil {
		s.refuse(c, err)
		return
	}
	writeJSON(c, http.StatusOK, jsonType, session)
}

// checkCredentials finds the tenant with this e-mail and password. An unknown e-mail takes
// as long as a wrong password and says the same.
func (s *server) checkCredentials(ctx context.Context, in credentials) (core.Tenant, error) {
	account := strings.ToLower(strings.TrimSpace(in.Email))
	if err := s.attempts.login(aboutOf(ctx).address, account); err != nil {
		return core.Tenant{}, err
	}
	tenant, err := s.engine.TenantByEmail(ctx, account)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return core.Tenant{}, err
	}
	ok, err := s.passwords.matches(ctx, tenant.PasswordHash, in.Password)
	switch {
	case err != nil:
		return core.Tenant{}, err
	case !ok:
		return core.Tenant{}, core.NewError(core.CodeUnauthenticated, core.ReasonBadCredentials, "")
	case !tenant.Active:
		return core.Tenant{}, core.NewError(core.CodeForbidden, core.ReasonAccountInactive, "")
	}
	return tenant, nil
}

// readCredentials reads either body; the e-mail ends up in Email.
func readCredentials(c *gin.Context) (credentials, error) {
	malformed := core.NewError(core.CodeInvalid, core.ReasonMalformedBody, "")
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return credentials{}, malformed
	}
	kind := c.GetHeader("Content-Type")
	if kind != "" {
		if kind, _, err = mime.ParseMediaType(kind); err != nil {
			return credentials{}, core.NewError(core.CodeInvalid, core.ReasonUnsupportedMedia, "")
		}
	}
	var in credentials
	switch kind {
	case formType:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return credentials{}, malformed
		}
		in = credentials{Email: form.Get("username"), Password: form.Get("password")}
	case jsonType, "":
		if err := decodeStrict(body, &in); err != nil {
			return credentials{}, err
		}
	default:
		return credentials{}, core.NewError(core.CodeInvalid, core.ReasonUnsupportedMedia, "")
	}
	if in.Email == "" {
		in.Email = in.Username
	}
	for _, required := range []struct{ name, value string }{{"username", in.Email}, {"password", in.Password}} {
		if required.value == "" {
			return credentials{}, core.InvalidField(required.name, core.ReasonRequired, "")
		}
	}
	return in, nil
}

// decodeStrict decodes one JSON object without unknown fields.
func decodeStrict(body []byte, v any) error {
	malformed := core.NewError(core.CodeInvalid, core.ReasonMalformedBody, "")
	if !json.Valid(body) {
		return malformed
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return core.InvalidField(wrongType.Field, core.ReasonInvalidField, "")
	}
	// The only other fault of valid JSON is an unknown field, which the decoder quotes.
	_, name, _ := strings.Cut(err.Error(), "unknown field ")
	return core.InvalidField(strings.Trim(name, `"`), core.ReasonUnknownField, "")
}
