package linkstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// MinterHarness connects the suite to a [links.Minter] and to a fake of its store's API,
// which its author writes and the suite's [MinterScript] directs.
type MinterHarness struct {
	// New returns a minter whose calls reach a fake API that follows script, and a request
	// that the API accepts: a target, a tag with credentials and a sub-id. Each value in the
	// tag must have at least six characters and occur nowhere else. The minter's limits of
	// time must be well below Patience and its pauses between repeated calls short.
	New func(tb testing.TB, script *MinterScript) (links.Minter, links.MintRequest)
	// Link is one that the API could have made.
	Link string
	// Empty are bodies with which the API reports success and yet gives no link, such as an
	// empty list.
	Empty []string
	// NoSubIDs declares that the programme has no place for a sub-id.
	NoSubIDs bool
	// Patience is how long a case waits for a call to return. Default: 30 s.
	Patience time.Duration
}

// MinterCase is one promise of [links.Minter].
type MinterCase struct {
	Name string
	Run  func(tb testing.TB, h MinterHarness)
}

// RunMinter runs every case as a subtest with a minter and an API of its own.
func RunMinter(t *testing.T, h MinterHarness) {
	for _, c := range MinterCases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
	}
}

// MinterCases lists the promises, for those who want to run them one by one.
func MinterCases() []MinterCase {
	return []MinterCase{
		{"ReturnsTheLinkAsAnswered", returnsTheLinkAsAnswered},
		{"PassesSubIDs", passesSubIDs},
		{"RefusalIsRefused", refusalIsRefused},
		{"TroublePasses", troublePasses},
		{"RepeatsAreBounded", repeatsAreBounded},
		{"HostileLinksAreNotReturned", hostileLinksAreNotReturned},
		{"GarbageIsNoLink", garbageIsNoLink},
		{"SuccessWithoutALinkIsAnError", successWithoutALinkIsAnError},
		{"SlowAnswersAreGivenUp", slowAnswersAreGivenUp},
		{"ContextEndsTheCall", contextEndsTheCall},
		{"CredentialsStayOutOfErrors", credentialsStayOutOfErrors},
	}
}

// returnsTheLinkAsAnswered: byte for byte, made for the target asked for.
func returnsTheLinkAsAnswered(tb testing.TB, h MinterHarness) {
	s := openMinter(tb, h)
	if s.minter.Store() == "" || s.minter.Store() != s.request.Tag.Store {
		tb.Errorf("Store is %q, want the slug of the tag, %q", s.minter.Store(), s.request.Tag.Store)
	}
	got, err := s.mint(tb)
	if err != nil || got != h.Link {
		tb.Errorf("got %q, %v, want %q", got, err, h.Link)
	}
	if calls := s.script.Calls(); len(calls) != 1 || calls[0].Target != s.request.Target {
		tb.Errorf("the API was asked %+v, want once for %s", calls, s.request.Target)
	}
}

// passesSubIDs: both parts when asked for, nothing otherwise.
func passesSubIDs(tb testing.TB, h MinterHarness) {
	s := openMinter(tb, h)
	sub := s.request.SubID
	if sub == (core.SubID{}) {
		tb.Fatalf("the harness gives no sub-id")
	}
	for _, asked := range []core.SubID{sub, {}} {
		s.request.SubID = asked
		if _, err := s.mint(tb); err != nil {
			tb.Errorf("sub-id %q: %v", asked, err)
			continue
		}
		calls := s.script.Calls()
		got := calls[len(calls)-1].SubID
		if asked == (core.SubID{}) || h.NoSubIDs {
			if got != "" {
				tb.Errorf("the API got the sub-id %q, want none", got)
			}
		} else if !strings.Contains(got, sub.Group) || !strings.Contains(got, sub.Offer) {
			tb.Errorf("the API got the sub-id %q, want %s and %s in it", got, sub.Group, sub.Offer)
		}
	}
}

// refusalIsRefused: what is certain to be refused again, and asked only once.
func refusalIsRefused(tb testing.TB, h MinterHarness) {
	for _, answer := range []MintAnswer{{Kind: AnswerWrongCredentials}, {Kind: AnswerPageRefused}} {
		s := openMinter(tb, h)
		s.script.always(answer)
		s.wantNoLink(tb, string(answer.Kind), func(err error) bool { return errors.Is(err, links.ErrRefused) })
		if n := len(s.script.Calls()); n != 1 {
			tb.Errorf("%s: the API was asked %d times, want 1", answer.Kind, n)
		}
	}
}

// troublePasses: a failure for a moment is repeated or reported, never as a refusal, and
// leaves nothing behind.
func troublePasses(tb testing.TB, h MinterHarness) {
	s := openMinter(tb, h)
	s.script.first(1, MintAnswer{Kind: AnswerTrouble})
	if got, err := s.mint(tb); errors.Is(err, links.ErrRefused) || (err == nil) != (got == h.Link) {
		tb.Errorf("one failure: got %q, %v, want the link or an error other than ErrRefused", got, err)
	}
	if got, err := s.mint(tb); err != nil || got != h.Link {
		tb.Errorf("after it: got %q, %v, want %q", got, err, h.Link)
	}
}

// repeatsAreBounded: an API that stays down is asked a few times, then it is an error that
// may pass.
func repeatsAreBounded(tb testing.TB, h MinterHarness) {
	const limit = 10
	s := openMinter(tb, h)
	s.script.always(MintAnswer{Kind: AnswerTrouble})
	s.wantNoLink(tb, "an API that stays down", notRefused)
	if n := len(s.script.Calls()); n == 0 || n > limit {
		tb.Errorf("the API was asked %d times for one link, want 1 to %d", n, limit)
	}
}

// hostileLinksAreNotReturned: what is no link of the store is not posted in a tenant's name.
func hostileLinksAreNotReturned(tb testing.TB, h MinterHarness) {
	for _, link := range hostileLinks(h.Link) {
		s := openMinter(tb, h)
		s.script.always(MintAnswer{Kind: AnswerLink, Link: link})
		s.wantNoLink(tb, fmt.Sprintf("%.60q", link), func(err error) bool { return err != nil })
	}
}

// garbageIsNoLink: what the API never says proves nothing, not even a refusal.
func garbageIsNoLink(tb testing.TB, h MinterHarness) {
	for _, body := range []string{
		"", " ", "null", "true", "0", `""`, "[]", "{}", "[[]]", "{", `{"`, "\x00\xff",
		h.Link, `"` + h.Link + `"`, `["` + h.Link + `"]`,
		"<!doctype html><title>Just a moment</title><a href=\"" + h.Link + "\">link</a>",
		strings.Repeat("[", 1<<16), strings.Repeat(`{"data":`, 1<<14), strings.Repeat(" ", 8<<20),
	} {
		s := openMinter(tb, h)
		s.script.always(MintAnswer{Kind: AnswerBody, Body: body})
		s.wantNoLink(tb, fmt.Sprintf("a body of %d bytes, %.30q", len(body), body), notRefused)
	}
}

// successWithoutALinkIsAnError: an API that says "done" has to show it.
func successWithoutALinkIsAnError(tb testing.TB, h MinterHarness) {
	for _, body := range h.Empty {
		s := openMinter(tb, h)
		s.script.always(MintAnswer{Kind: AnswerBody, Body: body})
		s.wantNoLink(tb, fmt.Sprintf("%.60q", body), func(err error) bool { return err != nil })
	}
	if len(h.Empty) == 0 {
		tb.Fatalf("the harness gives no body without a link")
	}
}

// slowAnswersAreGivenUp: the minter's own limit ends a call that its caller would not end.
func slowAnswersAreGivenUp(tb testing.TB, h MinterHarness) {
	s := openMinter(tb, h)
	s.script.always(MintAnswer{Kind: answerNever})
	s.wantNoLink(tb, "an API that does not answer", notRefused)
}

// contextEndsTheCall: a caller who leaves is let go.
func contextEndsTheCall(tb testing.TB, h MinterHarness) {
	s := openMinter(tb, h)
	s.script.always(MintAnswer{Kind: answerNever})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	result := s.start(ctx)
	s.awaitCall(tb)
	cancel()
	got, err := s.await(tb, result)
	s.judge(tb, "a caller who left", got, err, notRefused)
	n := len(s.script.Calls())
	got, err = s.await(tb, s.start(ctx))
	s.judge(tb, "a caller who had left before", got, err, notRefused)
	if len(s.script.Calls()) != n {
		tb.Errorf("the API was asked for a caller who had left")
	}
}

// credentialsStayOutOfErrors: whatever goes wrong, and also where the API repeats them.
func credentialsStayOutOfErrors(tb testing.TB, h MinterHarness) {
	for _, answer := range []MintAnswer{
		{Kind: AnswerWrongCredentials}, {Kind: AnswerPageRefused}, {Kind: AnswerTrouble},
		{Kind: AnswerLink, Link: "https://evil.example/TAG"}, {Kind: AnswerBody, Body: "<p>TAG"}, {Kind: answerNever},
	} {
		s := openMinter(tb, h)
		values := ""
		for _, value := range s.request.Tag.Fields {
			values += "/" + value
		}
		answer.Link = strings.ReplaceAll(answer.Link, "TAG", values)
		answer.Body = strings.ReplaceAll(answer.Body, "TAG", values)
		s.script.always(answer)
		_, err := s.mint(tb) // judges every error
		if err == nil {
			tb.Errorf("%s: no error", answer.Kind)
		}
	}
}

func notRefused(err error) bool { return err != nil && !errors.Is(err, links.ErrRefused) }
