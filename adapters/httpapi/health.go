package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
	// metricsPath is for a collector; Options.Metrics answers it.
	metricsPath = "/metrics"
)

// registerHealth adds the two questions of a supervisor: does the process live, and can it
// take work. The first must not depend on anything, or a database outage would have every
// replica restarted.
func (s *server) registerHealth() {
	s.router.GET(healthPath, func(c *gin.Context) {
		writeJSON(c, http.StatusOK, jsonType, map[string]string{"status": "ok"})
	})
	s.router.GET(readyPath, func(c *gin.Context) {
		if err := s.engine.Ready(c.Request.Context()); err != nil {
			s.refuse(c, &core.Error{Code: core.CodeUnavailable, Err: err})
			return
		}
		writeJSON(c, http.StatusOK, jsonType, map[string]string{"status": "ready"})
	})
}
