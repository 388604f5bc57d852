package whatsmeow

import (
	"sync"

	"go.mau.fi/libsignal/logger"
)

// silent is a logger of libsignal that says nothing.
type silent struct{}

// Debug implements the library's Loggable.
func (silent) Debug(string, string) {}

// Info implements the library's Loggable.
func (silent) Info(string, string) {}

// Warning implements the library's Loggable.
func (silent) Warning(string, string) {}

// Error implements the library's Loggable.
func (silent) Error(string, string) {}

// Configure implements the library's Loggable.
func (silent) Configure(string) {}

// silenceSignal sets libsignal's process-wide logger before anything uses it, unless the
// program has: libsignal makes its own without a lock, and that one prints to standard
// output.
var silenceSignal = sync.OnceFunc(func() {
	if logger.Logger == nil {
		var quiet logger.Loggable = silent{}
		logger.Setup(&quiet)
	}
})
