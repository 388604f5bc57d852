package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	issuer   = "autopromo" // also the audience
	maxToken = 4 << 10     // bytes; ours have about 400
	maxKey   = 100         // bytes of an API key; ours have 55
	leeway   = time.Minute // between the clocks of replicas
)

// The kinds of token.
const (
	accessToken  = "access"
	refreshToken = "refresh"
)

var errUnauthenticated = core.NewError(core.CodeUnauthenticated, core.ReasonUnauthenticated, "")

// errNeedsLogin refuses an API key where only a person may be.
var errNeedsLogin = core.NewError(core.CodeForbidden, core.ReasonNeedsLogin, "")

// claims are what a token says. Headers that name keys (jku, jwk, x5u, kid) are not read.
type claims struct {
	jwt.RegisteredClaims
	Kind string `json:"typ"`
	// Generation is core.Tenant.Session when the token was made.
	Generation int `json:"session"`
	// Session and Rotation are those of the core.Session.
	Session  core.SessionID `json:"sid"`
	Rotation int            `json:"rot"`
}

func (c claims) tenant() core.TenantID { return core.TenantID(c.Subject) }

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

func (t *tokens) issue(kind string, tenant core.Tenant, session core.Session) (string, error) {
	now := t.now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: string(tenant.ID),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.ttl[kind])),
		},
		Kind: kind, Generation: tenant.Session, Session: session.ID, Rotation: session.Rotation,
	}).SignedString(t.key)
}

// verify returns what a genuine, living token of this kind claims. The state of the tenant
// and the session is not looked at.
func (t *tokens) verify(kind, raw string) (claims, error) {
	if raw == "" || len(raw) > maxToken {
		return claims{}, errUnauthenticated
	}
	var c claims
	_, err := t.parser.ParseWithClaims(raw, &c, func(*jwt.Token) (any, error) { return t.key, nil })
	if err != nil || c.Kind != kind || !core.IsUUID(c.Subject) || !core.IsUUID(string(c.Session)) {
		return claims{}, errUnauthenticated
	}
	return c, nil
}

// identity is who a credential stands for, as they are now.
type identity struct {
	account core.Tenant
	session core.SessionID // "" for an API key
}

// identify finds out whose a token is: a disabled account, a raised generation or an ended
// session refuses it at once.
func (s *server) identify(ctx context.Context, kind, raw string) (identity, error) {
	c, err := s.tokens.verify(kind, raw)
	if err != nil {
		return identity{}, err
	}
	tenant := s.engine.Tenant(c.tenant())
	account, err := tenant.Get(ctx)
	if err == nil && (!account.Active || account.Session != c.Generation) {
		err = errUnauthenticated
	}
	if err == nil {
		_, err = tenant.Session(ctx, c.Session)
	}
	if err != nil {
		return identity{}, unauthenticated(err)
	}
	return identity{account: account, session: c.Session}, nil
}

// unauthenticated does not tell what is missing behind a credential.
func unauthenticated(err error) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return errUnauthenticated
	}
	return err
}

// identifyProgram finds out whose request to the API this is: by an access token or, where
// programs may act on their own, by an API key.
func (s *server) identifyProgram(ctx context.Context, headers []string, keys bool) (identity, error) {
	raw := bearer(headers)
	if !strings.HasPrefix(raw, core.APIKeyStart) || len(raw) > maxKey {
		return s.identify(ctx, accessToken, raw)
	}
	account, err := s.engine.TenantByAPIKey(ctx, core.NewSecret(raw))
	switch {
	case err != nil:
		return identity{}, unauthenticated(err)
	case !account.Active:
		return identity{}, errUnauthenticated
	case !keys:
		return identity{}, errNeedsLogin
	}
	return identity{account: account}, nil
}

// authenticate lets a request into an operation with security only with a credential that
// the operation takes, and puts the caller into the context. What the document says is what
// is enforced.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	security := ctx.Operation().Security
	if len(security) == 0 {
		next(ctx)
		return
	}
	c := humagin.Unwrap(ctx)
	who, err := s.identifyProgram(ctx.Context(), c.Request.Header["Authorization"], takesKeys(security))
	if slices.Contains(ctx.Operation().Tags, operatorTag) && (err != nil || !who.account.Operator) && core.CodeOf(err) != core.CodeUnavailable {
		err = core.ErrNotFound // as of an address nothing is at
	}
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Set(tenantKey, string(who.account.ID))
	next(huma.WithValue(ctx, callerKey{}, caller{Tenant: s.engine.Tenant(who.account.ID), account: who.account, session: who.session}))
}

// takesKeys says whether an operation can be called with an API key.
func takesKeys(security []map[string][]string) bool {
	return slices.ContainsFunc(security, func(one map[string][]string) bool {
		_, takes := one[keyScheme]
		return takes
	})
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
