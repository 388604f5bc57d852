package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	issuer   = "autopromo" // also the audience
	maxToken = 4 << 10     // bytes; ours have about 300
	leeway   = time.Minute // between the clocks of replicas
)

// The kinds of token.
const (
	accessToken  = "access"
	refreshToken = "refresh"
)

var errUnauthenticated = core.NewError(core.CodeUnauthenticated, core.ReasonUnauthenticated, "")

// claims are what a token says. Headers that name keys (jku, jwk, x5u, kid) are not read.
type claims struct {
	jwt.RegisteredClaims
	Kind    string `json:"typ"`
	Session int    `json:"session"` // core.Tenant.Session when the token was made
}

// tokens makes and checks the kinds of token.
type tokens struct {
	key    []byte
	ttl    map[string]time.Duration // by kind
	now    func() time.Time
	parser *jwt.Parser
}

func newTokens(key core.Secret, access, refresh time.Duration, now func() time.Time) *tokens {
	return &tokens{
		key: []byte(key.Reveal()), now: now,
		ttl: map[string]time.Duration{accessToken: access, refreshToken: refresh, consoleToken: refresh},
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(),
			jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithTimeFunc(now),
			jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
		),
	}
}

func (t *tokens) issue(kind string, tenant core.Tenant) (string, error) {
	now := t.now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: string(tenant.ID),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.ttl[kind])),
		},
		Kind: kind, Session: tenant.Session,
	}).SignedString(t.key)
}

// verify returns what a genuine, living token of this kind claims. The tenant's own state
// is not looked at.
func (t *tokens) verify(kind, raw string) (core.TenantID, int, error) {
	if raw == "" || len(raw) > maxToken {
		return "", 0, errUnauthenticated
	}
	var c claims
	_, err := t.parser.ParseWithClaims(raw, &c, func(*jwt.Token) (any, error) { return t.key, nil })
	if err != nil || c.Kind != kind || !core.IsUUID(c.Subject) {
		return "", 0, errUnauthenticated
	}
	return core.TenantID(c.Subject), c.Session, nil
}

// tenantOf returns the tenant a token stands for, as it is now: a disabled account or a
// raised session refuses the token at once.
func (s *server) tenantOf(ctx context.Context, kind, raw string) (core.Tenant, error) {
	id, session, err := s.tokens.verify(kind, raw)
	if err != nil {
		return core.Tenant{}, err
	}
	tenant, err := s.engine.Tenant(id).Get(ctx)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return core.Tenant{}, errUnauthenticated
	case err != nil:
		return core.Tenant{}, err
	case !tenant.Active || tenant.Session != session:
		return core.Tenant{}, errUnauthenticated
	}
	return tenant, nil
}

// authenticate lets a request into an operation with security only with a valid token, and
// puts the caller into the context. What the document says is what is enforced.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	c := humagin.Unwrap(ctx)
	tenant, err := s.tenantOf(ctx.Context(), accessToken, bearer(c.Request.Header["Authorization"]))
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Set(tenantKey, string(tenant.ID))
	next(huma.WithValue(ctx, callerKey{}, caller{Tenant: s.engine.Tenant(tenant.ID), account: tenant}))
}

// bearer returns the token of the one Authorization header, "" for anything else.
func bearer(headers []string) string {
	if len(headers) != 1 {
		return ""
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}

// deriveKey makes a key for another purpose, so that a cursor can never pass as a token.
func deriveKey(key core.Secret, purpose string) []byte {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte("autopromo/" + purpose))
	return mac.Sum(nil)
}
