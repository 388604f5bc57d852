package linkstest

import (
	"context"
	"sync"
)

// MinterScript tells the fake of a store's API what to answer, so that the fake only has to
// know how its API says it:
//
//	func(w http.ResponseWriter, r *http.Request) {
//		target, subIDs := ... // from the request, after checking its signature
//		switch a := script.Next(r.Context(), linkstest.MintCall{Target: target, SubID: subIDs}); a.Kind {
//		case linkstest.AnswerLink:
//			_ = json.NewEncoder(w).Encode(success{Link: a.Link})
//		case linkstest.AnswerWrongCredentials:
//			...
//		}
//	}
//
// A script is safe for concurrent use.
type MinterScript struct {
	mu     sync.Mutex
	calls  []MintCall
	early  []MintAnswer // for the first calls
	rest   MintAnswer   // for all later ones
	called chan struct{}
	over   chan struct{} // closed when the case has ended
}

// MintCall is a request as the API understood it.
type MintCall struct {
	// Target is the address to link to.
	Target string
	// SubID is what is to be reported: all parts, joined by anything, "" for none.
	SubID string
}

// MintAnswer is what to answer to one call.
type MintAnswer struct {
	Kind AnswerKind
	Link string // with AnswerLink
	Body string // with AnswerBody
}

// AnswerKind says what an API answers.
type AnswerKind string

// The kinds of answer a fake API has to know.
const (
	// AnswerLink is success with Link, whatever it is, encoded as the API encodes links.
	AnswerLink AnswerKind = "link"
	// AnswerWrongCredentials says that the caller is not who they say they are.
	AnswerWrongCredentials AnswerKind = "wrong credentials"
	// AnswerPageRefused says that nobody gets a link to this target.
	AnswerPageRefused AnswerKind = "page refused"
	// AnswerTrouble is a failure that passes, such as status 503 or "too many calls".
	AnswerTrouble AnswerKind = "trouble"
	// AnswerBody is status 200 with Body, byte for byte.
	AnswerBody AnswerKind = "body"

	// answerNever is played by Next itself: it does not return before the caller is gone.
	answerNever AnswerKind = "never"
)

func newMinterScript(link string) *MinterScript {
	return &MinterScript{rest: MintAnswer{Kind: AnswerLink, Link: link}, called: make(chan struct{}, 1), over: make(chan struct{})}
}

// Next notes call and returns what to answer to it. It may block until ctx, which has to be
// that of the HTTP request, ends, or the case does: then the answer, a trouble, is of no
// interest.
func (s *MinterScript) Next(ctx context.Context, call MintCall) MintAnswer {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	answer := s.rest
	if len(s.early) > 0 {
		answer, s.early = s.early[0], s.early[1:]
	}
	s.mu.Unlock()
	select {
	case s.called <- struct{}{}:
	default:
	}
	if answer.Kind == answerNever {
		select {
		case <-ctx.Done():
		case <-s.over:
		}
		return MintAnswer{Kind: AnswerTrouble}
	}
	return answer
}

// Calls returns the calls that the API got so far.
func (s *MinterScript) Calls() []MintCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]MintCall(nil), s.calls...)
}

// always sets the answer to every call.
func (s *MinterScript) always(a MintAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = a
}

// first sets the answer to the next n calls.
func (s *MinterScript) first(n int, a MintAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.early = append(s.early, a)
	}
}
