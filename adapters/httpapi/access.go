package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
)

// apiKeyResponse is an API key without its secret.
type apiKeyResponse struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix" doc:"How the key begins" example:"ap_K7QM2X"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedOn *string   `json:"last_used_on" doc:"The UTC day of the last use; null when it was never used" example:"2026-03-02"`
}

// newAPIKeyResponse has the key itself, this once.
type newAPIKeyResponse struct {
	apiKeyResponse
	Key string `json:"key" doc:"The key itself. It is shown here and never again"`
}

type apiKeyInput struct {
	Body struct {
		Name string `json:"name" doc:"What will use it, 1 to 100 characters" example:"Planilha"`
	} `nameHint:"APIKeyRequest"`
}

// sessionResponse is one log-in.
type sessionResponse struct {
	ID        string    `json:"id"`
	Device    string    `json:"device" doc:"What it is, as far as its User-Agent tells" example:"Firefox · Android"`
	Kind      string    `json:"kind" enum:"browser,program" doc:"A browser with the console, or a program with tokens"`
	Current   bool      `json:"current" doc:"Whether it is the one that asks"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"last_seen_at" doc:"To within five minutes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// auditResponse is what an operator did.
type auditResponse struct {
	ID         string    `json:"id"`
	UserID     string    `json:"user_id" doc:"The tenant it was done to"`
	Actor      string    `json:"actor" doc:"The operator"`
	Action     string    `json:"action" enum:"activate,deactivate,limits,operator_add,operator_remove"`
	Detail     *string   `json:"detail"`
	OccurredAt time.Time `json:"occurred_at"`
}

// limitsJSON is what an operator allows a tenant.
type limitsJSON struct {
	Destinations int `json:"max_destinations" doc:"Active groups to post to; 0 for any number"`
	PerDay       int `json:"max_per_day" doc:"Messages a day; 0 for what the settings say"`
}

func limitsOf(l core.Limits) limitsJSON {
	return limitsJSON{Destinations: l.Destinations, PerDay: l.PerDay}
}

func apiKeyOf(k core.APIKey) apiKeyResponse {
	r := apiKeyResponse{ID: string(k.ID), Name: k.Name, Prefix: k.Prefix, CreatedAt: k.CreatedAt}
	if !k.UsedOn.IsZero() {
		r.LastUsedOn = optional(k.UsedOn.Format(time.DateOnly))
	}
	return r
}

func auditOf(e core.AuditEntry) auditResponse {
	return auditResponse{
		ID: string(e.ID), UserID: string(e.Tenant), Actor: e.Actor, Action: string(e.Action), Detail: optional(e.Detail), OccurredAt: e.At,
	}
}

// registerAccess adds what opens the account. An API key may do none of it: whoever steals
// one must not make further ones, or keep others out.
func (s *server) registerAccess() {
	handle(s, operation{
		method: http.MethodGet, path: "/account/api-keys", id: "api-keys", tag: "users", person: true,
		summary: "List my API keys", description: "The keys of programs, the oldest first. The keys themselves are not stored.",
	}, listAPIKeys)
	handle(s, operation{
		method: http.MethodPost, path: "/account/api-keys", id: "create-api-key", tag: "users", person: true,
		summary: "Make an API key",
		description: "A key for one program, to be sent as Authorization: Bearer in place of an access token. It is in this answer " +
			"and nowhere else. It stays good until it is revoked, also when the password changes.",
		status: http.StatusCreated, errors: []int{http.StatusConflict},
	}, func(ctx context.Context, c caller, in *apiKeyInput) (newAPIKeyResponse, error) {
		k, secret, err := c.CreateAPIKey(ctx, in.Body.Name)
		return newAPIKeyResponse{apiKeyResponse: apiKeyOf(k), Key: secret.Reveal()}, err
	})
	handle(s, operation{
		method: http.MethodDelete, path: "/account/api-keys/{id}", id: "revoke-api-key", tag: "users", person: true,
		summary: "Revoke an API key", description: "It opens nothing any more, at once.",
		errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, c caller, in *idInput) (none, error) {
		id, err := parseID[core.APIKeyID](in.ID)
		if err != nil {
			return none{}, err
		}
		return none{}, c.RevokeAPIKey(ctx, id)
	})
	handle(s, operation{
		method: http.MethodGet, path: "/account/sessions", id: "sessions", tag: "users", person: true,
		summary: "List my sessions", description: "Browsers and programs that are logged in, the one used last first.",
	}, listSessions)
	handle(s, operation{
		method: http.MethodDelete, path: "/account/sessions", id: "end-other-sessions", tag: "users", person: true,
		summary: "End my other sessions", description: "All but the one that asks, at once. API keys stay good.",
	}, func(ctx context.Context, c caller, _ *none) (none, error) {
		return none{}, c.EndOtherSessions(ctx, c.session)
	})
	handle(s, operation{
		method: http.MethodDelete, path: "/account/sessions/{id}", id: "end-session", tag: "users", person: true,
		summary: "End a session", description: "At once, its access token too. Ending the one that asks logs out.",
		errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, c caller, in *idInput) (none, error) {
		id, err := parseID[core.SessionID](in.ID)
		if err != nil {
			return none{}, err
		}
		return none{}, c.EndSession(ctx, id)
	})
}

func listAPIKeys(ctx context.Context, c caller, _ *none) ([]apiKeyResponse, error) {
	keys, err := c.APIKeys(ctx)
	return each(keys, apiKeyOf), err
}

func listSessions(ctx context.Context, c caller, _ *none) ([]sessionResponse, error) {
	sessions, err := c.Sessions(ctx)
	return each(sessions, func(x core.Session) sessionResponse {
		kind := "program"
		if x.Browser {
			kind = "browser"
		}
		return sessionResponse{
			ID: string(x.ID), Device: console.Device(x.Device), Kind: kind, Current: x.ID == c.session,
			CreatedAt: x.CreatedAt, SeenAt: x.SeenAt, ExpiresAt: x.ExpiresAt,
		}
	}), err
}
