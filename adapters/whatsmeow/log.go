package whatsmeow

import (
	"log/slog"
	"strings"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// quiet is the library's logger. It passes on warnings and errors by their constant text
// and drops the arguments, which hold addresses, stanzas and other people's texts.
type quiet struct {
	log    *slog.Logger
	module string
}

var _ waLog.Logger = quiet{}

// Errorf implements the library's Logger.
func (q quiet) Errorf(format string, _ ...any) { q.write(format) }

// Warnf implements the library's Logger.
func (q quiet) Warnf(format string, _ ...any) { q.write(format) }

// Infof implements the library's Logger.
func (q quiet) Infof(string, ...any) {}

// Debugf implements the library's Logger.
func (q quiet) Debugf(string, ...any) {}

// Sub implements the library's Logger.
func (q quiet) Sub(module string) waLog.Logger {
	q.module = strings.TrimPrefix(q.module+"/"+module, "/")
	return q
}

func (q quiet) write(format string) {
	q.log.Warn("the WhatsApp library reports", "module", q.module, "what", format)
}
