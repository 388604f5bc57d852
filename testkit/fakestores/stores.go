package fakestores

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The stores, by slug.
const (
	Shopee     = "shopee"
	AliExpress = "aliexpress"
)

// Account is one affiliate who may use a store's API.
type Account struct {
	// Store is Shopee or AliExpress.
	Store string
	// ID is the app id or app key, Secret what its calls are signed with.
	ID, Secret string
	// TrackingID is the one tracking id the account owns, at AliExpress only.
	TrackingID string
}

// Call is one request for a link. What could not be read from it is empty.
type Call struct {
	Store string
	// Account is the ID that the call claims.
	Account string
	// Target is the address to link to, SubIDs what is to be reported, in order.
	Target string
	SubIDs []string
	// TrackingID is what AliExpress was asked to credit.
	TrackingID string
	// Accepted says that the account, the time and the signature were right.
	Accepted bool
	// Link is what was answered, "" for none.
	Link string
}

// Options set up [New].
type Options struct {
	Accounts []Account
	// Now is the stores' clock. Default: time.Now.
	Now func() time.Time
	// Decide, when set, says what goes wrong with each well-formed and signed call; the zero
	// Fault is nothing. It may block. Faults given to [Stores.Fail] come first.
	Decide func(ctx context.Context, c Call) Fault
}

// Stores are the two fake APIs. It is safe for concurrent use.
type Stores struct {
	options Options

	mu     sync.Mutex
	faults map[string][]Fault
	calls  []Call
	links  map[string]string
}

// New returns stores that know the given accounts.
func New(options Options) *Stores {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Stores{options: options, faults: map[string][]Fault{}, links: map[string]string{}}
}

// ServeHTTP implements http.Handler.
func (s *Stores) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/graphql":
		s.serve(w, r, shopee)
	case "/sync":
		s.serve(w, r, aliExpress)
	default:
		target, ok := s.Links()["https://"+r.Host+r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, target, http.StatusFound)
	}
}

// dialect is how one store's API says things.
type dialect struct {
	store string
	// prefix is what its short links start with.
	prefix string
	// read understands a request and checks whose it is. refusal is the answer to one that
	// the API does not accept.
	read func(s *Stores, r *http.Request, body []byte) (c Call, refusal string)
	// success is the answer with a link; c says what for.
	success func(c Call, link string) string
	// The other answers.
	wrongCredentials, pageRefused, rateLimited, empty string
}

// largestRequest is far above any real one.
const largestRequest = 1 << 20

func (s *Stores) serve(w http.ResponseWriter, r *http.Request, d dialect) {
	if r.Method != http.MethodPost {
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	c, refusal := d.read(s, r, body)
	if refusal != "" {
		s.note(c)
		s.say(w, refusal)
		return
	}
	n := s.note(c)
	s.answer(w, r, d, n, c, s.fault(r.Context(), c))
}

// note adds c to the ledger and returns its place there.
func (s *Stores) note(c Call) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	return len(s.calls) - 1
}

// say answers with status 200, as both APIs do for errors too.
func (s *Stores) say(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_, _ = io.WriteString(w, body) // a caller who left needs no answer
}

// make gives call n its link.
func (s *Stores) make(n int, c Call, link string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[n].Link = link
	s.links[link] = c.Target
}

// shortLink depends on what was asked alone.
func (d dialect) shortLink(c Call) string {
	parts := append([]string{c.Store, c.Account, c.TrackingID, c.Target}, c.SubIDs...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return d.prefix + hex.EncodeToString(sum[:5])
}

// Calls is the ledger: every request in the order of arrival, refused ones too.
func (s *Stores) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Links are the short links made so far and where each leads.
func (s *Stores) Links() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.links)
}

// account finds an account by its id.
func (s *Stores) account(store, id string) (Account, bool) {
	i := slices.IndexFunc(s.options.Accounts, func(a Account) bool { return a.Store == store && a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return s.options.Accounts[i], true
}

// punctual says whether at is no further from the stores' clock than most.
func (s *Stores) punctual(at time.Time, most time.Duration) bool {
	return s.options.Now().Sub(at).Abs() <= most
}
