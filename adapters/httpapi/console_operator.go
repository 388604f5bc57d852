package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// operatorPages are those of operators. For everybody else nothing is at their addresses.
func operatorPages() []page {
	return []page{
		{http.MethodGet, "/operator", operators, (*visit).showHealth},
		{http.MethodGet, "/operator/tenants", operators, (*visit).showTenants},
		{http.MethodGet, "/operator/tenants/:id", operators, (*visit).showTenant},
		{http.MethodPost, "/operator/tenants/:id/active", operators, (*visit).setActive},
		{http.MethodGet, "/operator/tenants/:id/limits", operators, (*visit).showTenant}, // again, after a refused form
		{http.MethodPost, "/operator/tenants/:id/limits", operators, (*visit).setLimits},
		{http.MethodGet, "/operator/instances", operators, (*visit).showInstances},
		{http.MethodGet, "/operator/lanes", operators, (*visit).showLanes},
		{http.MethodGet, "/operator/audit", operators, (*visit).showAudit},
	}
}

func (v *visit) operations() *engine.Operations { return v.engine.Operations(v.view.Account.Email) }

// searchFor is what was typed, as tenants are searched by.
func searchFor(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

func (v *visit) showHealth() error {
	health, err := v.operations().Health(v.ctx)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Health(console.Health{Health: health, Version: v.options.Version}))
}

func (v *visit) showTenants() error {
	page := console.Tenants{Search: v.Query("q"), Later: v.Query("cursor") != ""}
	list := "console " + tenantsList + page.Search
	before, err := openCursor[core.TenantID](v.server, v.view.Account.ID, list, v.Query("cursor"))
	if err != nil {
		return err
	}
	page.Items, err = v.operations().Tenants(v.ctx, repository.TenantQuery{
		Search: searchFor(page.Search), Before: before, Limit: consolePage + 1,
	})
	if err != nil {
		return err
	}
	if len(page.Items) > consolePage {
		page.Items = page.Items[:consolePage]
		page.Next = sealCursor(v.server, v.view.Account.ID, list, page.Items[consolePage-1].ID)
	}
	return v.show(http.StatusOK, v.view.Tenants(page))
}

func (v *visit) showTenant() error { return v.tenantPage(http.StatusOK, console.Form{}) }

func (v *visit) tenantPage(status int, limits console.Form) error {
	id, err := parseID[core.TenantID](v.Param("id"))
	if err != nil {
		return err
	}
	page := console.Tenant{Limits: limits}
	if page.TenantSummary, err = v.operations().Tenant(v.ctx, id); err != nil {
		return err
	}
	if page.Audit, err = v.engine.Tenant(id).Audit(v.ctx); err != nil {
		return err
	}
	return v.show(status, v.view.Tenant(page))
}

func (v *visit) setActive() error {
	id, err := parseID[core.TenantID](v.Param("id"))
	if err != nil {
		return err
	}
	active := v.field("active") == "true"
	done := word("tenant_deactivated")
	if active {
		done = "tenant_activated"
	}
	_, err = v.operations().SetActive(v.ctx, id, active)
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, "/operator/tenants/"+string(id), done)
}

func (v *visit) setLimits() error {
	id, err := parseID[core.TenantID](v.Param("id"))
	if err != nil {
		return err
	}
	f := v.typed()
	number := func(name string) int {
		typed := v.field(name)
		if typed == "" {
			return 0
		}
		n, err := strconv.Atoi(typed)
		if err != nil {
			return -1 // refused as out of range
		}
		return n
	}
	_, err = v.operations().SetLimits(v.ctx, id, core.Limits{Destinations: number("max_destinations"), PerDay: number("max_per_day")})
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	if field, sentence, ok := v.refused(err); ok {
		f.Faults[field] = sentence
		return v.tenantPage(http.StatusUnprocessableEntity, f)
	} else if err != nil {
		return err
	}
	return v.act(nil, "/operator/tenants/"+string(id), "saved")
}

func (v *visit) showInstances() error {
	all, err := v.operations().Instances(v.ctx, operatorList)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Instances(all))
}

func (v *visit) showLanes() error {
	all, err := v.operations().Lanes(v.ctx, operatorList)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Lanes(all))
}

func (v *visit) showAudit() error {
	list := "console " + auditList
	page := console.Audit{Later: v.Query("cursor") != "", Emails: map[core.TenantID]string{}}
	before, err := openCursor[core.AuditID](v.server, v.view.Account.ID, list, v.Query("cursor"))
	if err != nil {
		return err
	}
	if page.Items, err = v.operations().Audit(v.ctx, before, consolePage+1); err != nil {
		return err
	}
	if len(page.Items) > consolePage {
		page.Items = page.Items[:consolePage]
		page.Next = sealCursor(v.server, v.view.Account.ID, list, page.Items[consolePage-1].ID)
	}
	for _, e := range page.Items {
		if page.Emails[e.Tenant] == "" {
			t, err := v.operations().Tenant(v.ctx, e.Tenant)
			if err != nil {
				return err
			}
			page.Emails[e.Tenant] = t.Email
		}
	}
	return v.show(http.StatusOK, v.view.AuditLog(page))
}
