package gatewayhttp

import (
	"io"
	"sync"
)

// outgoing is a request body that knows whether it left as a whole. A server cannot act on a
// part of it, so "not complete" proves that nothing happened. That the transport has not
// finished writing when a call fails is no proof by itself, because it writes in a goroutine
// of its own; stop therefore also forbids any further reading.
type outgoing struct {
	mu       sync.Mutex
	data     []byte
	complete bool
	stopped  bool
}

func (o *outgoing) open() (io.ReadCloser, error) {
	return &outgoingReader{of: o}, nil
}

// stop ends all reading and says whether the whole body had been read before.
func (o *outgoing) stop() (complete bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	return o.complete
}

type outgoingReader struct {
	of  *outgoing
	pos int
}

func (r *outgoingReader) Read(p []byte) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.stopped {
		return 0, io.ErrClosedPipe
	}
	if r.pos == len(r.of.data) {
		return 0, io.EOF
	}
	n := copy(p, r.of.data[r.pos:])
	r.pos += n
	r.of.complete = r.of.complete || r.pos == len(r.of.data)
	return n, nil
}

func (r *outgoingReader) Close() error { return nil }
