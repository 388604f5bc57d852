package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// Registration says who may create an account over the API.
type Registration string

// The registration policies.
const (
	RegistrationOpen   Registration = "open" // anybody
	RegistrationClosed Registration = "closed"
)

// Options tune the handler. Only SigningKey is required.
type Options struct {
	// SigningKey signs tokens (HS256) and cursors: at least 32 bytes, the same on every
	// replica. Another key ends every session.
	SigningKey core.Secret
	// Registration defaults to RegistrationOpen.
	Registration Registration
	// Logger defaults to slog.Default(). It gets methods, route patterns, statuses and
	// ids; never bodies, queries or tokens.
	Logger *slog.Logger
	// Metrics answers GET /metrics, without authentication; nil leaves the path out.
	Metrics http.Handler
	// Version is shown in the OpenAPI document; default "dev".
	Version string
	// AccessTTL is how long an access token lives; default 60 minutes, which clients of
	// the original product expect. A disabled account or a raised session ends it at once.
	AccessTTL time.Duration
	// RefreshTTL is how long a refresh token, and a session of the console, lives; default
	// 30 days.
	RefreshTTL time.Duration
	// Clock defaults to time.Now.
	Clock func() time.Time
	// MaxBodyBytes bounds request bodies of the API; default 256 KiB.
	MaxBodyBytes int64
	// MaxWebhookBytes bounds webhook bodies; default 2 MiB.
	MaxWebhookBytes int64
	// TrustedProxies are the addresses or CIDR ranges whose X-Forwarded-For is believed
	// when log-in attempts are counted per client address; none by default.
	TrustedProxies []string
	// HTTPS says that browsers come over https, although a proxy in front speaks plain http
	// to the handler: the console's cookies are marked for https only.
	HTTPS bool
	// Stopping ends when the server begins to stop: streams of events end then, which would
	// otherwise keep it waiting. Nil never does.
	Stopping context.Context
	// Demo, when not nil, gives the console a button that calls it: something shall happen in
	// a simulated WhatsApp.
	Demo func(context.Context) error
}

func (o Options) withDefaults() (Options, error) {
	if len(o.SigningKey.Reveal()) < 32 {
		return o, errors.New("httpapi: Options.SigningKey needs at least 32 bytes")
	}
	if o.Registration == "" {
		o.Registration = RegistrationOpen
	}
	if o.Registration != RegistrationOpen && o.Registration != RegistrationClosed {
		return o, fmt.Errorf("httpapi: Options.Registration %q is neither open nor closed", o.Registration)
	}
	if o.AccessTTL < 0 || o.RefreshTTL < 0 || o.MaxBodyBytes < 0 || o.MaxWebhookBytes < 0 {
		return o, errors.New("httpapi: Options has a negative limit")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.AccessTTL == 0 {
		o.AccessTTL = time.Hour
	}
	if o.RefreshTTL == 0 {
		o.RefreshTTL = 30 * 24 * time.Hour
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = 256 << 10
	}
	if o.MaxWebhookBytes == 0 {
		o.MaxWebhookBytes = 2 << 20
	}
	return o, nil
}

// server holds what the handlers share.
type server struct {
	engine    *engine.Engine
	options   Options
	log       *slog.Logger
	router    *gin.Engine
	api       huma.API
	tokens    *tokens
	passwords *passwords
	attempts  *attempts
	cursorKey []byte
	stores    map[string]affiliate.Store // by slug
	assets    *console.Assets
	// storeNames are by slug.
	storeNames map[string]string
	streamsMu  sync.Mutex
	streams    map[core.TenantID]int // open streams of events
	formKey    []byte
	origin     *http.CrossOriginProtection
}

// ginMode is held while gin's mode differs from what the process chose.
var ginMode sync.Mutex

// New returns the handler of everything HTTP for e. The error names the option that is
// wrong.
func New(e *engine.Engine, o Options) (http.Handler, error) {
	s, err := newServer(e, o)
	if err != nil {
		return nil, err
	}
	return s.router, nil
}

func newServer(e *engine.Engine, o Options) (*server, error) {
	if e == nil {
		return nil, errors.New("httpapi: an engine is required")
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	passwords, err := newPasswords()
	if err != nil {
		return nil, err
	}
	s := &server{
		engine: e, options: o, log: o.Logger,
		tokens:    newTokens(o.SigningKey, o.AccessTTL, o.RefreshTTL, o.Clock),
		passwords: passwords,
		attempts:  newAttempts(o.Clock),
		cursorKey: deriveKey(o.SigningKey, "cursor"),
		stores:    map[string]affiliate.Store{},
		formKey:   deriveKey(o.SigningKey, "form"),
		streams:   map[core.TenantID]int{},
		origin:    http.NewCrossOriginProtection(),
	}
	for _, store := range e.Stores() {
		s.stores[store.Slug()] = store
	}

	// Gin prints warnings and every route to standard output in its debug mode. The mode is
	// one for the process, so it is put back for a host program that uses gin itself.
	ginMode.Lock()
	defer ginMode.Unlock()
	if mode := gin.Mode(); mode == gin.DebugMode {
		gin.SetMode(gin.ReleaseMode)
		defer gin.SetMode(mode)
	}
	s.router = gin.New()
	s.router.RedirectTrailingSlash = false
	s.router.HandleMethodNotAllowed = true
	if err := s.router.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("httpapi: Options.TrustedProxies: %w", err)
	}
	s.router.Use(s.logRequest, s.recoverPanic, secureHeaders, s.describeRequest)
	s.router.NoRoute(s.notFound)
	s.router.NoMethod(func(c *gin.Context) { s.writeProblem(c, methodNotAllowed(languageOf(c.Request.Context()))) })

	s.registerHealth()
	if o.Metrics != nil {
		s.router.GET(metricsPath, gin.WrapH(o.Metrics))
	}
	s.registerWebhooks()
	s.router.Use(s.limitBody)
	s.api = humagin.New(s.router, s.apiConfig())
	s.api.UseMiddleware(s.authenticate)
	s.registerUsers()
	s.registerWhatsApp()
	s.registerGroups()
	s.registerTags()
	s.registerOffers()
	s.registerDeadLetters()
	s.registerDashboard()
	s.registerEvents()
	s.registerAccount()
	s.registerAccess()
	s.registerOperator()
	if err := s.registerDocs(); err != nil {
		return nil, err
	}
	if err := s.registerConsole(); err != nil {
		return nil, err
	}
	return s, nil
}
