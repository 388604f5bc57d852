package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/autopromo-cloud/autopromo/core"
)

// The cost of a password hash: argon2id with 19 MiB, two passes and one lane, the smallest
// of the settings OWASP calls equivalent, so that a small server can log people in.
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashLanes  = 1
	saltBytes  = 16
	hashBytes  = 32
	// hashesAtOnce bounds the memory of concurrent log-ins to twice hashMemory.
	hashesAtOnce = 2
)

// Bounds of a stored hash that is still computed: a row must not make the server spend
// gigabytes or minutes.
const (
	maxHashMemory = 256 << 10 // KiB
	maxHashPasses = 16
)

const (
	minPassword = 8
	maxPassword = 128 // characters
)

// passwords hashes and compares, a few at a time.
type passwords struct {
	slots chan struct{}
	dummy core.Secret // a hash no password has
}

func newPasswords() (*passwords, error) {
	noise := make([]byte, saltBytes+hashBytes)
	if _, err := rand.Read(noise); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	return &passwords{
		slots: make(chan struct{}, hashesAtOnce),
		dummy: phc{hashMemory, hashPasses, hashLanes, noise[:saltBytes], noise[saltBytes:]}.secret(),
	}, nil
}

// checkPassword is the rule for new passwords. It is asked before any hashing.
func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return core.InvalidField("password", core.ReasonInvalidPassword, "")
	}
	return nil
}

// hash returns the PHC string of a password.
func (p *passwords) hash(ctx context.Context, password string) (core.Secret, error) {
	h := phc{memory: hashMemory, passes: hashPasses, lanes: hashLanes, salt: make([]byte, saltBytes)}
	if _, err := rand.Read(h.salt); err != nil {
		return core.Secret{}, fmt.Errorf("salt: %w", err)
	}
	h.sum = make([]byte, hashBytes)
	sum, err := p.compute(ctx, h, password)
	if err != nil {
		return core.Secret{}, err
	}
	h.sum = sum
	return h.secret(), nil
}

// matches says whether password has this hash. A hash that is missing or unreadable costs
// as much as a real one and matches nothing, so that timing does not tell accounts apart.
func (p *passwords) matches(ctx context.Context, hash core.Secret, password string) (bool, error) {
	if utf8.RuneCountInString(password) > maxPassword {
		return false, nil
	}
	h, ok := parsePHC(hash.Reveal())
	if !ok {
		h, _ = parsePHC(p.dummy.Reveal())
	}
	sum, err := p.compute(ctx, h, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, h.sum) == 1 && ok, nil
}

func (p *passwords) compute(ctx context.Context, h phc, password string) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(len(h.sum))), nil
}

// phc is an argon2id hash in the PHC string format.
type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

func (h phc) secret() core.Secret {
	encode := base64.RawStdEncoding.EncodeToString
	return core.NewSecret(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.memory, h.passes, h.lanes, encode(h.salt), encode(h.sum)))
}

// parsePHC reads a hash written by phc.secret or by any other tool with sane parameters.
func parsePHC(s string) (phc, bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, false
	}
	var h phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes); n != 3 || err != nil {
		return phc{}, false
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.sum, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	ok := err1 == nil && err2 == nil && len(h.salt) >= 8 && len(h.sum) >= 16 && len(h.sum) <= 64 &&
		h.memory >= 8 && h.memory <= maxHashMemory && h.passes >= 1 && h.passes <= maxHashPasses && h.lanes >= 1
	return h, ok
}
