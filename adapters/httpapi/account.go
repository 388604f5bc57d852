package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// exportPage is how many offers of an export are in memory at a time.
const exportPage = 200

// exportResponse documents the export, which is written piece by piece.
type exportResponse struct {
	ExportedAt   time.Time             `json:"exported_at"`
	User         userResponse          `json:"user"`
	WhatsApp     *statusResponse       `json:"whatsapp" doc:"Null when none was ever connected"`
	Sources      []sourceResponse      `json:"group_sources"`
	Destinations []destinationResponse `json:"group_destinations"`
	Tags         []tagResponse         `json:"affiliate_tags" doc:"Without secret fields"`
	APIKeys      []apiKeyResponse      `json:"api_keys" doc:"Without the keys themselves, which are not stored"`
	Sessions     []sessionResponse     `json:"sessions"`
	Audit        []auditResponse       `json:"audit_log" doc:"What operators of this installation did to the account"`
	DeadLetters  []deadLetterResponse  `json:"dead_letters"`
	Offers       []offerResponse       `json:"offers" doc:"All of them, with their deliveries, newest first"`
}

type eraseInput struct {
	Body struct {
		Password string `json:"password" doc:"Once more, so that a borrowed token erases nothing"`
	} `nameHint:"EraseRequest"`
}

func (s *server) registerAccount() {
	op := s.describe(operation{
		method: http.MethodGet, path: "/account/export", id: "export-account", tag: "users",
		summary:     "Export my data",
		description: "Everything stored of the tenant, as one JSON file. Secrets are left out.",
		content:     map[string]*huma.MediaType{jsonType: {Schema: s.schema(exportResponse{})}},
	}, false)
	s.api.OpenAPI().AddOperation(&op)
	s.router.GET(apiPrefix+"/account/export", func(c *gin.Context) {
		who, err := s.identifyProgram(c.Request.Context(), c.Request.Header["Authorization"], true)
		if err != nil {
			s.refuse(c, err)
			return
		}
		c.Set(tenantKey, string(who.account.ID))
		s.export(c, who)
	})
	handle(s, operation{
		method: http.MethodDelete, path: "/account", id: "erase-account", tag: "users", person: true,
		summary: "Erase my account",
		description: "Disconnects WhatsApp and erases the tenant with everything it owns, at once and for good. " +
			"A wrong password is 401 with code bad_credentials.",
		errors: []int{http.StatusTooManyRequests},
	}, func(ctx context.Context, c caller, in *eraseInput) (none, error) {
		if err := s.confirm(ctx, c.account, in.Body.Password); err != nil {
			return none{}, err
		}
		return none{}, c.Erase(ctx)
	})
}

// confirm checks that a logged-in person knows the account's password.
func (s *server) confirm(ctx context.Context, account core.Tenant, password string) error {
	_, err := s.checkCredentials(ctx, credentials{Email: account.Email, Password: password})
	return err
}

// export writes all that is stored of a tenant. One that breaks off ends the connection, so
// that half a file is not taken for a whole one.
func (s *server) export(c *gin.Context, who identity) {
	c.Header("Content-Disposition", `attachment; filename="autopromo.json"`)
	c.Header("Content-Type", jsonType)
	from := caller{
		Tenant: s.engine.Tenant(who.account.ID), account: who.account, session: who.session, language: languageOf(c.Request.Context()),
	}
	if err := s.writeExport(c.Request.Context(), c.Writer, from); err != nil {
		if !c.Writer.Written() {
			s.refuse(c, err)
			return
		}
		s.log.WarnContext(c.Request.Context(), "an export broke off", "user_id", string(who.account.ID), "error", err)
		panic(http.ErrAbortHandler)
	}
}

func (s *server) writeExport(ctx context.Context, w io.Writer, c caller) error {
	// What is small is read before the first byte is out.
	head := exportResponse{ExportedAt: s.engine.Now(), User: userOf(c.account)}
	inst, err := c.LastInstance(ctx)
	switch {
	case err == nil:
		status := statusOf(c, inst)
		head.WhatsApp = &status
	case core.CodeOf(err) != core.CodeNotFound:
		return err
	}
	if head.Sources, err = listSources(ctx, c, nil); err != nil {
		return err
	}
	if head.Destinations, err = listDestinations(ctx, c, nil); err != nil {
		return err
	}
	if head.Tags, err = s.listTags(ctx, c, nil); err != nil {
		return err
	}
	if head.APIKeys, err = listAPIKeys(ctx, c, nil); err != nil {
		return err
	}
	if head.Sessions, err = listSessions(ctx, c, nil); err != nil {
		return err
	}
	audit, err := c.Audit(ctx)
	if err != nil {
		return err
	}
	head.Audit = each(audit, auditOf)
	head.DeadLetters = []deadLetterResponse{}
	for before := core.InboxID(""); ; {
		page, err := c.DeadLetters(ctx, before, exportPage)
		if err != nil {
			return err
		}
		head.DeadLetters = append(head.DeadLetters, each(page, func(e core.InboxEntry) deadLetterResponse { return deadLetterOf(c.language, e) })...)
		if len(page) < exportPage {
			break
		}
		before = page[len(page)-1].ID
	}
	head.Offers = []offerResponse{}
	start, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	const end = "[]\n}" // of the empty list of offers, which is written page by page
	if _, err := w.Write(start[:len(start)-len(end)+1]); err != nil {
		return err
	}
	if err := writeOffers(ctx, w, c.Tenant, c.language); err != nil {
		return err
	}
	_, err = io.WriteString(w, "]\n}\n")
	return err
}

func writeOffers(ctx context.Context, w io.Writer, t *engine.Tenant, l core.Language) error {
	separator := "\n"
	for before := core.OfferID(""); ; {
		page, err := t.Offers(ctx, repository.OfferQuery{Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, o := range page {
			data, err := json.Marshal(offerOf(l, o))
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, separator+string(data)); err != nil {
				return err
			}
			separator = ",\n"
		}
		if len(page) < exportPage {
			return nil
		}
		before = page[len(page)-1].ID
	}
}
