package httpapi

import "net/http"

func (v *visit) showHome() error { return v.show(http.StatusOK, v.view.Home()) }
