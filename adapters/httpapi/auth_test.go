package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	tenantA  = core.TenantID("01890a5d-ac96-774b-bcce-b302099a8057")
	tenantB  = core.TenantID("01890a5d-ac96-774b-bcce-b302099a8058")
	session1 = core.SessionID("01890a5d-ac96-774b-bcce-b302099a8002")
	offer1   = core.OfferID("01890a5d-ac96-774b-bcce-b302099a8001")
)

var testKey = core.NewSecret(strings.Repeat("s", 32))

func TestPasswordsMatchOnlyTheirOwnHash(t *testing.T) {
	t.Parallel()
	p, err := newPasswords()
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	hash, err := p.hash(ctx, "correta-e-longa")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.hash(ctx, "correta-e-longa")
	if err != nil || hash == again {
		t.Errorf("two hashes of one password are equal: no salt (error %v)", err)
	}
	if !strings.HasPrefix(hash.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("the hash is not a PHC string with the documented cost")
	}
	for name, c := range map[string]struct {
		hash     core.Secret
		password string
		want     bool
	}{
		"right":           {hash, "correta-e-longa", true},
		"wrong":           {hash, "correta-e-longA", false},
		"empty":           {hash, "", false},
		"unknown account": {core.Secret{}, "correta-e-longa", false},
		"broken hash":     {core.NewSecret("$argon2id$v=19$m=19456,t=2,p=1$x$y"), "correta-e-longa", false},
		"greedy hash":     {core.NewSecret(strings.Replace(hash.Reveal(), "m=19456", "m=4194304", 1)), "correta-e-longa", false},
		"too long":        {hash, strings.Repeat("a", 1<<20), false},
		"dummy itself":    {p.dummy, "", false},
	} {
		got, err := p.matches(ctx, c.hash, c.password)
		if err != nil || got != c.want {
			t.Errorf("%s: matches = %v, %v", name, got, err)
		}
	}
}

func TestHashingWaitsForASlot(t *testing.T) {
	t.Parallel()
	p, err := newPasswords()
	if err != nil {
		t.Fatal(err)
	}
	for range hashesAtOnce {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.hash(ctx, "correta-e-longa"); !errors.Is(err, context.Canceled) {
		t.Errorf("hash with every slot taken: %v, want the context's error", err)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"1234567": false, "12345678": true, strings.Repeat("ã", 128): true, strings.Repeat("ã", 129): false,
		strings.Repeat("x", 1<<20): false, "abc\xffdefghi": false, "": false,
	} {
		if err := checkPassword(password); (err == nil) != ok {
			t.Errorf("a password of %d bytes: %v", len(password), err)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tk := newTokens(testKey, time.Hour, 24*time.Hour, func() time.Time { return now })
	good := func(change func(*claims)) claims {
		c := claims{
			RegisteredClaims: jwt.RegisteredClaims{
				Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: string(tenantA),
				ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
			},
			Kind: accessToken, Generation: 3, Session: session1,
		}
		if change != nil {
			change(&c)
		}
		return c
	}
	sign := func(method jwt.SigningMethod, key any, c claims, header map[string]any) string {
		token := jwt.NewWithClaims(method, c)
		for k, v := range header {
			token.Header[k] = v
		}
		raw, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	hs256, key := jwt.SigningMethodHS256, []byte(testKey.Reveal())
	issued, err := tk.issue(accessToken, core.Tenant{ID: tenantA, Session: 3}, core.Session{ID: session1, Rotation: 2})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(issued, ".")
	edited := strings.Replace(mustDecode(t, parts[1]), string(tenantA), string(tenantB), 1)
	for name, c := range map[string]struct {
		raw string
		ok  bool
	}{
		"issued":           {issued, true},
		"made alike":       {sign(hs256, key, good(nil), nil), true},
		"jku is ignored":   {sign(hs256, key, good(nil), map[string]any{"jku": "https://evil.example/keys", "kid": "x"}), true},
		"jwk is no key":    {sign(hs256, []byte("a key of the attacker's, 32 bytes"), good(nil), map[string]any{"jwk": map[string]string{"k": "x"}}), false},
		"alg none":         {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good(nil), nil), false},
		"another HMAC":     {sign(jwt.SigningMethodHS512, key, good(nil), nil), false},
		"edited subject":   {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(edited)) + "." + parts[2], false},
		"refresh":          {sign(hs256, key, good(func(c *claims) { c.Kind = refreshToken }), nil), false},
		"no kind":          {sign(hs256, key, good(func(c *claims) { c.Kind = "" }), nil), false},
		"wrong issuer":     {sign(hs256, key, good(func(c *claims) { c.Issuer = "other" }), nil), false},
		"wrong audience":   {sign(hs256, key, good(func(c *claims) { c.Audience = jwt.ClaimStrings{"other"} }), nil), false},
		"no audience":      {sign(hs256, key, good(func(c *claims) { c.Audience = nil }), nil), false},
		"no expiry":        {sign(hs256, key, good(func(c *claims) { c.ExpiresAt = nil }), nil), false},
		"expired":          {sign(hs256, key, good(func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-2 * leeway)) }), nil), false},
		"odd subject":      {sign(hs256, key, good(func(c *claims) { c.Subject = "' OR 1=1" }), nil), false},
		"odd session":      {sign(hs256, key, good(func(c *claims) { c.Session = "" }), nil), false},
		"empty":            {"", false},
		"a flood of dots":  {strings.Repeat(".", 1<<20), false},
		"longer than 4KiB": {sign(hs256, key, good(func(c *claims) { c.ID = strings.Repeat("x", maxToken) }), nil), false},
	} {
		got, err := tk.verify(accessToken, c.raw)
		if c.ok && (err != nil || got.tenant() != tenantA || got.Generation != 3 || got.Session != session1) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if !c.ok && core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%s was accepted: %v", name, err)
		}
	}
}

func mustDecode(t *testing.T, s string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for want, headers := range map[string][]string{"a.b.c": {"Bearer a.b.c"}, "x": {"bearer x"}} {
		if got := bearer(headers); got != want {
			t.Errorf("bearer(%q) = %q", headers, got)
		}
	}
	for _, headers := range [][]string{nil, {""}, {"Bearer"}, {"Basic a"}, {"Bearer a", "Bearer b"}} {
		if got := bearer(headers); got != "" {
			t.Errorf("bearer(%q) = %q", headers, got)
		}
	}
}

func TestCursorIsBoundToTenantAndFilter(t *testing.T) {
	t.Parallel()
	s := &server{cursorKey: deriveKey(testKey, "cursor")}
	c := sealCursor(s, tenantA, "held", offer1)
	if got, err := openCursor[core.OfferID](s, tenantA, "held", c); err != nil || got != offer1 {
		t.Fatalf("own cursor: %q, %v", got, err)
	}
	if got, err := openCursor[core.OfferID](s, tenantA, "held", ""); err != nil || got != "" {
		t.Errorf("no cursor: %q, %v", got, err)
	}
	flipped := []byte(c)
	flipped[3] ^= 1
	for name, try := range map[string]func() (core.OfferID, error){
		"another tenant's": func() (core.OfferID, error) { return openCursor[core.OfferID](s, tenantB, "held", c) },
		"another filter's": func() (core.OfferID, error) { return openCursor[core.OfferID](s, tenantA, "sent", c) },
		"changed":          func() (core.OfferID, error) { return openCursor[core.OfferID](s, tenantA, "held", string(flipped)) },
		"another key's": func() (core.OfferID, error) {
			return openCursor[core.OfferID](&server{cursorKey: []byte("x")}, tenantA, "held", c)
		},
		"a bare id": func() (core.OfferID, error) {
			return openCursor[core.OfferID](s, tenantA, "held", base64.RawURLEncoding.EncodeToString([]byte(offer1)))
		},
		"garbage": func() (core.OfferID, error) { return openCursor[core.OfferID](s, tenantA, "held", "%%%") },
	} {
		_, err := try()
		if p := problemOf(err, core.Portuguese); p.Status != 400 || p.Code != string(core.ReasonInvalidCursor) {
			t.Errorf("%s cursor: %v", name, err)
		}
	}
}

func TestThrottleFillsUpAgainAndForgetsTheOldest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tr := newThrottle(10*time.Second, 2, func() time.Time { return now })
	tr.size = 2
	if tr.take("a") != 0 || tr.take("a") != 0 {
		t.Fatal("the burst was refused")
	}
	if wait := tr.take("a"); wait != 10*time.Second {
		t.Errorf("over the burst: wait %s", wait)
	}
	if wait := tr.take("a"); wait != 10*time.Second {
		t.Errorf("a refused attempt was counted: wait %s", wait)
	}
	now = now.Add(10 * time.Second)
	if wait := tr.take("a"); wait != 0 {
		t.Errorf("after the wait: %s", wait)
	}
	tr.take("b")
	tr.take("c") // "a" is forgotten
	if len(tr.byKey) != 2 || tr.recent.Len() != 2 || tr.take("a") != 0 {
		t.Errorf("the throttle remembers %d keys", len(tr.byKey))
	}
}

func TestAStrangerCannotLockAnAccountAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(time.Now)
		let := 0
		for range 600 { // ten minutes of guessing from one address
			if a.login("203.0.113.7", "maria@exemplo.com.br") == nil {
				let++
			}
			time.Sleep(time.Second)
		}
		if let > 75 {
			t.Errorf("%d guesses were let through", let)
		}
		if err := a.login("198.51.100.1", "maria@exemplo.com.br"); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
	})
}
