// Package console renders the pages of the web console: what a tenant sees and does in a
// browser. It knows neither requests nor the engine; package httpapi fetches, decides and
// hands over what is to be shown.
//
// Every sentence stands in both languages where it is used, see [View.T]. Pages have no
// inline script or style and need nobody else's host, so that the strictest content
// security policy holds; everything but liveness works without JavaScript.
//
// The generated Go code is committed, so that users of the module run no generator:
//
//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate
package console
