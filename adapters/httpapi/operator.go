package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// operatorList is how many instances or lanes an operator is shown: those that need somebody
// come first.
const operatorList = 200

type tenantResponse struct {
	ID                 string     `json:"id"`
	Email              string     `json:"email"`
	IsActive           bool       `json:"is_active"`
	IsOperator         bool       `json:"is_operator"`
	Limits             limitsJSON `json:"limits"`
	CreatedAt          time.Time  `json:"created_at"`
	Status             *string    `json:"status" doc:"Of its WhatsApp; null when it never connected one"`
	ActiveSources      int        `json:"active_sources"`
	ActiveDestinations int        `json:"active_destinations"`
	Waiting            int        `json:"waiting" doc:"Messages that are not processed yet"`
	Pending            int        `json:"pending" doc:"Deliveries that are not sent yet"`
	Held               int        `json:"held" doc:"Offers that must not go out"`
	Sent               int        `json:"sent_last_24h" doc:"Deliveries sent in the last 24 hours"`
}

func tenantOf(t repository.TenantSummary) tenantResponse {
	return tenantResponse{
		ID: string(t.ID), Email: t.Email, IsActive: t.Active, IsOperator: t.Operator, Limits: limitsOf(t.Limits), CreatedAt: t.CreatedAt,
		Status: optional(string(t.Status)), ActiveSources: t.ActiveSources, ActiveDestinations: t.ActiveDestinations,
		Waiting: t.Waiting, Pending: t.Pending, Held: t.Held, Sent: t.Sent,
	}
}

type tenantsResponse struct {
	Items []tenantResponse `json:"items" nullable:"false"`
	Next  *string          `json:"next_cursor" doc:"For the next page; null on the last one"`
}

type tenantsInput struct {
	Search string `query:"search" maxLength:"254" doc:"A part of an e-mail, or a whole id"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type tenantChangeInput struct {
	ID   string `path:"id" doc:"Of the tenant"`
	Body struct {
		IsActive *bool       `json:"is_active,omitempty" doc:"A tenant that is not active cannot log in, and nothing of it is processed or sent"`
		Limits   *limitsJSON `json:"limits,omitempty"`
	} `nameHint:"TenantChangeRequest"`
}

type instanceResponse struct {
	TenantID  string     `json:"tenant_id"`
	Email     string     `json:"email"`
	Provider  string     `json:"provider"`
	Name      string     `json:"instance_name"`
	Status    string     `json:"status" enum:"connecting,connected,disconnected"`
	Reason    *string    `json:"reason" doc:"Why it is not connected, for people"`
	CheckedAt *time.Time `json:"checked_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

type laneResponse struct {
	TenantID   string     `json:"tenant_id"`
	Email      string     `json:"email"`
	NextSendAt *time.Time `json:"next_send_at"`
	PacedUntil *time.Time `json:"paced_until" doc:"The rest after the last send"`
	Holder     *string    `json:"lease_holder" doc:"The process that has the lane; null when none has"`
	LeaseUntil *time.Time `json:"lease_until"`
	Pending    int        `json:"pending"`
}

type auditsResponse struct {
	Items []auditResponse `json:"items" nullable:"false"`
	Next  *string         `json:"next_cursor"`
}

type auditInput struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type healthResponse struct {
	Version       string         `json:"version"`
	DatabaseMS    float64        `json:"database_ms" doc:"How long the database took to answer; -1 when it did not"`
	Accepted      int            `json:"accepted" doc:"All messages ever accepted: the sum of inbox"`
	Inbox         map[string]int `json:"inbox" doc:"By state"`
	Offers        int            `json:"offers"`
	Held          int            `json:"held"`
	Deliveries    map[string]int `json:"deliveries" doc:"By state"`
	Lost          int            `json:"lost" doc:"Accepted and nowhere. It must be 0"`
	Waiting       int            `json:"waiting" doc:"Messages that nobody processes yet"`
	OldestWaiting *time.Time     `json:"oldest_waiting_since" doc:"Bus or workers that do not keep up show here"`
	Streams       int            `json:"streams" doc:"Open streams of events in this process"`
}

// registerOperator adds what operators do. It is not there for anybody else, so that nobody
// learns from it who exists.
func (s *server) registerOperator() {
	const prefix = "/operator"
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/tenants", id: "operator-tenants", tag: operatorTag,
		summary: "List tenants", description: "All tenants in numbers, newest first.", errors: []int{http.StatusBadRequest},
	}, s.listTenants)
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/tenants/{id}", id: "operator-tenant", tag: operatorTag,
		summary: "Show a tenant", description: "One tenant in numbers.",
	}, func(ctx context.Context, c caller, in *idInput) (tenantResponse, error) {
		id, err := parseID[core.TenantID](in.ID)
		if err != nil {
			return tenantResponse{}, err
		}
		t, err := s.operations(c).Tenant(ctx, id)
		return tenantOf(t), err
	})
	handle(s, operation{
		method: http.MethodPatch, path: prefix + "/tenants/{id}", id: "operator-change-tenant", tag: operatorTag,
		summary:     "Change a tenant",
		description: "Lets it in or shuts it out, and bounds what it may do. Each change is written into the audit log.",
		errors:      []int{http.StatusConflict},
	}, s.changeTenant)
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/instances", id: "operator-instances", tag: operatorTag,
		summary: "List WhatsApp sessions", description: "Those that need somebody first.",
	}, func(ctx context.Context, c caller, _ *none) ([]instanceResponse, error) {
		all, err := s.operations(c).Instances(ctx, operatorList)
		return each(all, func(i repository.InstanceSummary) instanceResponse {
			return instanceResponse{
				TenantID: string(i.Tenant), Email: i.Email, Provider: string(i.Provider), Name: i.Name, Status: string(i.Status),
				Reason: optional(reasonText(c.language, i.Reason)), CheckedAt: optionalTime(i.CheckedAt), UpdatedAt: i.UpdatedAt,
			}
		}), err
	})
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/lanes", id: "operator-lanes", tag: operatorTag,
		summary: "List lanes", description: "Those with something to send or under way, the longest-due first.",
	}, func(ctx context.Context, c caller, _ *none) ([]laneResponse, error) {
		all, err := s.operations(c).Lanes(ctx, operatorList)
		return each(all, func(l repository.LaneSummary) laneResponse {
			return laneResponse{
				TenantID: string(l.Tenant), Email: l.Email, NextSendAt: optionalTime(l.NextSendAt), PacedUntil: optionalTime(l.PacedUntil),
				Holder: optional(l.Holder), LeaseUntil: optionalTime(l.LeaseUntil), Pending: l.Pending,
			}
		}), err
	})
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/audit-log", id: "operator-audit-log", tag: operatorTag,
		summary: "Show the audit log", description: "What operators did, newest first.", errors: []int{http.StatusBadRequest},
	}, s.listAudit)
	handle(s, operation{
		method: http.MethodGet, path: prefix + "/health", id: "operator-health", tag: operatorTag,
		summary: "Show the health", description: "Whether everything accepted is accounted for, and whether anything does not keep up.",
	}, func(ctx context.Context, c caller, _ *none) (healthResponse, error) {
		h, err := s.operations(c).Health(ctx)
		return s.healthOf(h), err
	})
}

// operations is the operator's side of the engine, for a caller known to be one.
func (s *server) operations(c caller) *engine.Operations { return s.engine.Operations(c.account.Email) }

func reasonText(l core.Language, r core.Reason) string {
	if r == "" {
		return ""
	}
	return r.Sentence(l, "")
}

const tenantsList = "operator tenants "

func (s *server) listTenants(ctx context.Context, c caller, in *tenantsInput) (out tenantsResponse, err error) {
	before, err := openCursor[core.TenantID](s, c.account.ID, tenantsList+in.Search, in.Cursor)
	if err != nil {
		return out, err
	}
	all, err := s.operations(c).Tenants(ctx, repository.TenantQuery{Search: searchFor(in.Search), Before: before, Limit: in.Limit + 1})
	if len(all) > in.Limit {
		all = all[:in.Limit]
		out.Next = optional(sealCursor(s, c.account.ID, tenantsList+in.Search, all[in.Limit-1].ID))
	}
	out.Items = each(all, tenantOf)
	return out, err
}

func (s *server) changeTenant(ctx context.Context, c caller, in *tenantChangeInput) (tenantResponse, error) {
	id, err := parseID[core.TenantID](in.ID)
	if err != nil {
		return tenantResponse{}, err
	}
	operations := s.operations(c)
	if l := in.Body.Limits; l != nil {
		if _, err := operations.SetLimits(ctx, id, core.Limits{Destinations: l.Destinations, PerDay: l.PerDay}); err != nil {
			return tenantResponse{}, err
		}
	}
	if in.Body.IsActive != nil {
		if _, err := operations.SetActive(ctx, id, *in.Body.IsActive); err != nil {
			return tenantResponse{}, err
		}
	}
	t, err := operations.Tenant(ctx, id)
	return tenantOf(t), err
}

const auditList = "operator audit"

func (s *server) listAudit(ctx context.Context, c caller, in *auditInput) (out auditsResponse, err error) {
	before, err := openCursor[core.AuditID](s, c.account.ID, auditList, in.Cursor)
	if err != nil {
		return out, err
	}
	all, err := s.operations(c).Audit(ctx, before, in.Limit+1)
	if len(all) > in.Limit {
		all = all[:in.Limit]
		out.Next = optional(sealCursor(s, c.account.ID, auditList, all[in.Limit-1].ID))
	}
	out.Items = each(all, auditOf)
	return out, err
}

func (s *server) healthOf(h engine.Health) healthResponse {
	out := healthResponse{
		Version: s.options.Version, DatabaseMS: -1, Inbox: map[string]int{}, Deliveries: map[string]int{},
		Offers: h.Ledger.Offers, Held: h.Ledger.Held, Lost: h.Ledger.Lost,
		Waiting: h.Waiting, OldestWaiting: optionalTime(h.OldestWaiting), Streams: h.Listeners,
	}
	if h.DatabaseFault == nil {
		out.DatabaseMS = float64(h.Database.Microseconds()) / 1000
	}
	for state, n := range h.Ledger.Inbox {
		out.Inbox[string(state)] = n
		out.Accepted += n
	}
	for state, n := range h.Ledger.Deliveries {
		out.Deliveries[string(state)] = n
	}
	return out
}
