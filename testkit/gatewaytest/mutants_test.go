package gatewaytest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// mutant is a gateway that is wrong in one way, and the case that must notice.
type mutant struct {
	name string
	fell string // the case
	make func(*tiny) gateway.Gateway
}

var mutants = slices.Concat(sessionMutants, sendMutants, networkMutants, webhookMutants, eventMutants)

func kind(k gateway.Kind) error { return &gateway.Error{Op: "broken", Kind: k} }

// instead replaces errors of some kinds, "" for all, by another.
func instead(err error, by gateway.Kind, of ...gateway.Kind) error {
	if err != nil && (len(of) == 0 || slices.Contains(of, gateway.KindOf(err))) {
		return kind(by)
	}
	return err
}

// sending makes a mutant whose Send is wrong.
func sending(send func(*tiny, context.Context, gateway.Session, gateway.Outbound) (gateway.Receipt, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, send: func(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
			return send(g, ctx, s, m)
		}}
	}
}

// refusing makes a mutant whose Send fails with another kind.
func refusing(by gateway.Kind, of ...gateway.Kind) func(*tiny) gateway.Gateway {
	return sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		r, err := g.Send(ctx, s, m)
		return r, instead(err, by, of...)
	})
}

// amending makes a mutant that changes a message before it sends it.
func amending(change func(*gateway.Outbound)) func(*tiny) gateway.Gateway {
	return sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		change(&m)
		return g.Send(ctx, s, m)
	})
}

// claiming makes a mutant with other capabilities.
func claiming(change func(*gateway.Capabilities)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, capabilities: func(c gateway.Capabilities) gateway.Capabilities {
			change(&c)
			return c
		}}
	}
}

// standing makes a mutant whose Status is wrong.
func standing(change func(gateway.Status, error) (gateway.Status, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, status: func(ctx context.Context, s gateway.Session) (gateway.Status, error) {
			return change(g.Status(ctx, s))
		}}
	}
}

// listing makes a mutant whose Groups are wrong.
func listing(change func([]core.Group, error) ([]core.Group, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, groups: func(ctx context.Context, s gateway.Session) ([]core.Group, error) {
			return change(g.Groups(ctx, s))
		}}
	}
}

// coding makes a mutant whose PairingCode is wrong.
func coding(change func(phone, code string, err error) (string, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, code: func(ctx context.Context, s gateway.Session, phone string) (string, error) {
			code, err := g.PairingCode(ctx, s, phone)
			return change(phone, code, err)
		}}
	}
}

var sessionMutants = []mutant{
	{"claims no look-up", "CapabilitiesAreTrue", claiming(func(c *gateway.Capabilities) { c.SentLookup = gateway.LookupNone })},
	{"has no name", "CapabilitiesAreTrue", claiming(func(c *gateway.Capabilities) { c.Provider = "" })},
	{"changes its mind", "CapabilitiesNeverChange", func(g *tiny) gateway.Gateway {
		calls := 0
		return claiming(func(c *gateway.Capabilities) {
			if calls++; calls > 1 {
				c.SentLookup = gateway.LookupComplete
			}
		})(g)
	}},
	{"claims client ids", "ClientIDsAreTreatedAsClaimed", claiming(func(c *gateway.Capabilities) { c.ClientMessageID = gateway.ClientIDHonoured })},
	{"looks open before anybody scanned", "ProvisionedSessionIsUsableAtOnce", standing(func(s gateway.Status, err error) (gateway.Status, error) {
		s.State = gateway.StateOpen
		return s, err
	})},
	{"adopts taken names", "ProvisionRefusesATakenName", adopting},
	{"adopts taken names in a race", "ProvisionMakesOneOfMany", adopting},
	{"blames the network for a wrong key", "ProvisionRefusesAWrongKey", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, provision: func(ctx context.Context, s gateway.Session, w gateway.Webhook) (gateway.Provisioned, error) {
			p, err := g.Provision(ctx, s, w)
			return p, instead(err, gateway.KindTemporary, gateway.KindAuth)
		}}
	}},
	{"cuts names short", "OddNamesReachNoOtherSession", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, remove: func(ctx context.Context, s gateway.Session) error {
			s.Name = strings.FieldsFunc(s.Name+"x", func(c rune) bool { return strings.ContainsRune("/?%\n .", c) })[0]
			return g.Delete(ctx, s)
		}}
	}},
	{"shows no QR code", "ConnectShowsAQRCode", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, connect: func(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
			p, err := g.Connect(ctx, s)
			p.QR = ""
			return p, err
		}}
	}},
	{"shows a QR code when linked", "ConnectOfALinkedSessionHasNoQRCode", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, connect: func(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
			p, err := g.Connect(ctx, s)
			p.QR = "2@again"
			return p, err
		}}
	}},
	{"names another phone", "StatusOfALinkedSessionNamesThePhone", standing(func(s gateway.Status, err error) (gateway.Status, error) {
		s.Phone += ":12"
		return s, err
	})},
	{"takes a log-out for a closed one", "StatusAfterLogoutAsksForAQRCode", standing(func(s gateway.Status, err error) (gateway.Status, error) {
		if s.State == gateway.StateLoggedOut {
			s.State = gateway.StateClosed
		}
		return s, err
	})},
	{"takes an unknown session for a closed one", "UnknownSessionIsNotFound", standing(func(s gateway.Status, err error) (gateway.Status, error) {
		if err != nil {
			return gateway.Status{State: gateway.StateClosed}, nil
		}
		return s, nil
	})},
	{"returns plain errors", "UnknownSessionIsNotFound", standing(func(s gateway.Status, err error) (gateway.Status, error) {
		if err != nil {
			err = errors.New("something went wrong")
		}
		return s, err
	})},
	{"fails to delete what is gone", "DeleteIsIdempotent", deletingOnce},
	{"deletes only what is not linked", "DeleteOfALinkedSession", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, remove: func(ctx context.Context, s gateway.Session) error {
			if status, err := g.Status(ctx, s); err == nil && status.State == gateway.StateOpen {
				return nil
			}
			return g.Delete(ctx, s)
		}}
	}},
	{"sends through whoever is open", "SessionsAreApart", func(g *tiny) gateway.Gateway {
		var open gateway.Session
		return broken{tiny: g,
			connect: func(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
				open = s
				return g.Connect(ctx, s)
			},
			send: func(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
				return g.Send(ctx, open, m)
			}}
	}},
	{"gives half a code", "PairingCodeLinksThePhone", coding(func(_, code string, err error) (string, error) {
		return code[:len(code)/2], err
	})},
	{"calls a linked session unready", "PairingCodeOfALinkedSessionExists", coding(func(_, code string, err error) (string, error) {
		return code, instead(err, gateway.KindNotConnected, gateway.KindAlreadyExists)
	})},
	{"repairs numbers", "PairingCodeRefusesABadNumber", coding(func(_, code string, err error) (string, error) {
		if gateway.KindOf(err) == gateway.KindInvalid {
			return "TINY-0000", nil
		}
		return code, err
	})},
	{"makes codes for nobody", "PairingCodeOfAnUnknownSession", coding(func(_, _ string, _ error) (string, error) {
		return "TINY-0000", nil
	})},
	{"logs out to restart", "RestartKeepsTheLink", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, restart: func(ctx context.Context, s gateway.Session) error {
			if err := g.Delete(ctx, s); err != nil {
				return err
			}
			_, err := g.Provision(ctx, s, gateway.Webhook{})
			return err
		}}
	}},
	{"restarts whatever it is asked", "RestartOfAnUnknownSession", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, restart: func(context.Context, gateway.Session) error { return nil }}
	}},
	{"returns no list", "NoGroupsIsAnEmptyList", listing(func(l []core.Group, err error) ([]core.Group, error) {
		if len(l) == 0 {
			l = nil
		}
		return l, err
	})},
	{"may post everywhere", "GroupsAreExact", listing(func(l []core.Group, err error) ([]core.Group, error) {
		for i := range l {
			l[i].CanPost = true
		}
		return l, err
	})},
	{"tidies names", "HostileGroupNamesAreExact", listing(func(l []core.Group, err error) ([]core.Group, error) {
		for i := range l {
			l[i].Name = strings.Join(strings.Fields(l[i].Name), " ")
		}
		return l, err
	})},
	{"lists one page", "ManyGroupsAreAllListed", listing(func(l []core.Group, err error) ([]core.Group, error) {
		return l[:min(100, len(l))], err
	})},
	{"lists nothing when unlinked", "GroupsOfAnUnlinkedSession", listing(func([]core.Group, error) ([]core.Group, error) {
		return []core.Group{}, nil
	})},
}

func adopting(g *tiny) gateway.Gateway {
	return broken{tiny: g, provision: func(ctx context.Context, s gateway.Session, w gateway.Webhook) (gateway.Provisioned, error) {
		p, err := g.Provision(ctx, s, w)
		if gateway.KindOf(err) == gateway.KindAlreadyExists {
			err = nil
		}
		return p, err
	}}
}

func deletingOnce(g *tiny) gateway.Gateway {
	return broken{tiny: g, remove: func(ctx context.Context, s gateway.Session) error {
		if _, err := g.Status(ctx, s); err != nil {
			return err
		}
		return g.Delete(ctx, s)
	}}
}

var sendMutants = []mutant{
	{"sends twice", "SendPostsTheExactText", sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		_, _ = g.Send(ctx, s, m)
		return g.Send(ctx, s, m)
	})},
	{"trims texts", "SendPostsTheExactText", amending(func(m *gateway.Outbound) { m.Text = strings.ReplaceAll(m.Text, "\n\n", "\n") })},
	{"cuts long texts", "SendPostsALongText", amending(func(m *gateway.Outbound) { m.Text = m.Text[:min(4096, len(m.Text))] })},
	{"drops media", "SendPostsMedia", amending(func(m *gateway.Outbound) { m.Media = nil })},
	{"sends every media as an image", "SendPostsVideosAndDocuments", amending(func(m *gateway.Outbound) {
		if m.Media != nil {
			m.Media.Kind = core.Image
		}
	})},
	{"throws away what waits for a phone", "SendWithoutAPhoneIsNotConnected", refusing(gateway.KindPermanent, gateway.KindNotConnected)},
	{"doubts what waits for a new scan", "SendAfterLogoutIsNotConnected", refusing(gateway.KindUnknown, gateway.KindNotConnected)},
	{"retries a group that is gone", "SendToAGroupThatIsGone", refusing(gateway.KindTemporary, gateway.KindNotFound)},
	{"sends blanks", "SendNothingIsInvalid", amending(func(m *gateway.Outbound) { m.Text = cmp.Or(m.Text, " ") })},
	{"ignores its context", "SendAfterTheContextEnded", sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		return g.Send(context.WithoutCancel(ctx), s, m)
	})},
	{"retries when throttled", "SendWhenThrottled", refusing(gateway.KindTemporary, gateway.KindRateLimited)},
	{"slows down when restricted", "SendWhenRestricted", refusing(gateway.KindRateLimited, gateway.KindRestricted)},
	{"retries where it may not post", "SendToAGroupThatForbids", refusing(gateway.KindTemporary, gateway.KindForbidden)},
	{"calls every failure temporary", "AFailureThatPostedIsUnknown", refusing(gateway.KindTemporary)},
	{"insists on an id", "AnAnswerWithoutIDIsSuccess", sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		r, err := g.Send(ctx, s, m)
		if err == nil && r.ID == "" {
			err = kind(gateway.KindUnknown)
		}
		return r, err
	})},
	{"finds nothing", "FindSentFindsWhatWasSent", finding(func(bool, core.MessageID) (bool, core.MessageID) { return false, "" })},
	{"finds everything", "FindSentProvesNothingFalse", finding(func(_ bool, id core.MessageID) (bool, core.MessageID) { return true, id })},
	{"mixes callers up", "FiftyCallersAtOnce", func(g *tiny) gateway.Gateway {
		var last atomic.Pointer[string]
		return broken{tiny: g, send: func(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
			text := m.Text
			last.Store(&text)
			time.Sleep(time.Millisecond)
			m.Text = *last.Load()
			return g.Send(ctx, s, m)
		}}
	}},
}

func finding(change func(bool, core.MessageID) (bool, core.MessageID)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, find: func(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
			found, id, err := g.FindSent(ctx, s, q)
			found, id = change(found, id)
			return found, id, err
		}}
	}
}

var networkMutants = []mutant{
	{"repeats after a lost answer", "ALostAnswerIsUnknown", sending(func(g *tiny, ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
		r, err := g.Send(ctx, s, m)
		if err != nil {
			_, _ = g.Send(ctx, s, m)
		}
		return r, err
	})},
	{"reads half an answer", "HalfAnAnswerIsUnknown", refusing(gateway.KindPermanent, gateway.KindUnknown)},
	{"cannot prove a lost answer", "FindSentSettlesALostAnswer", finding(func(bool, core.MessageID) (bool, core.MessageID) { return false, "" })},
	{"takes a page for a refusal", "ALoginPageIsUnknown", refusing(gateway.KindInvalid, gateway.KindUnknown)},
	{"trusts a proxy's 502", "ABadGatewayIsUnknown", refusing(gateway.KindTemporary, gateway.KindUnknown)},
	{"takes a cancelled send for none", "CancelWhileWaitingIsUnknownAndQuick", refusing(gateway.KindTemporary, gateway.KindUnknown)},
	{"waits for ever", "EveryMethodHonoursItsDeadline", asking(func(g *tiny, ctx context.Context, s gateway.Session) (gateway.Status, error) {
		return g.Status(context.WithoutCancel(ctx), s)
	})},
	{"calls every failure unknown", "NobodyListeningIsTemporary", refusing(gateway.KindUnknown)},
	{"ignores Retry-After", "RetryAfterIsHeard", refusing(gateway.KindRateLimited, gateway.KindRateLimited)},
	{"follows redirects", "RedirectsAreRefused", func(g *tiny) gateway.Gateway {
		g.client.CheckRedirect = nil
		return g
	}},
	{"reads without a bound", "AnEndlessAnswerIsCutOff", asking(func(g *tiny, ctx context.Context, s gateway.Session) (gateway.Status, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.ServerURL+"/status", http.NoBody)
		if err != nil {
			return gateway.Status{}, kind(gateway.KindInvalid)
		}
		res, err := g.client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		return gateway.Status{}, kind(gateway.KindTemporary)
	})},
	{"tells the key in errors", "ErrorsHoldNoSecrets", asking(func(g *tiny, ctx context.Context, s gateway.Session) (gateway.Status, error) {
		status, err := g.Status(ctx, s)
		if err != nil {
			err = &gateway.Error{Op: "status", Kind: gateway.KindTemporary, Err: fmt.Errorf("with key %s", s.ServerKey.Reveal())}
		}
		return status, err
	})},
	{"leaves goroutines behind", "NothingIsLeftRunning", asking(func(g *tiny, ctx context.Context, s gateway.Session) (gateway.Status, error) {
		go func() { time.Sleep(3 * time.Second) }()
		return g.Status(ctx, s)
	})},
}

// asking makes a mutant with another Status.
func asking(status func(*tiny, context.Context, gateway.Session) (gateway.Status, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, status: func(ctx context.Context, s gateway.Session) (gateway.Status, error) { return status(g, ctx, s) }}
	}
}
