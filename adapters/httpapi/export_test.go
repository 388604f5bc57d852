package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Routes lists what a handler made by New serves.
func Routes(h http.Handler) gin.RoutesInfo { return h.(*gin.Engine).Routes() }
