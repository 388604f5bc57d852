// Package resolver implements the port [github.com/autopromo-cloud/autopromo/ports/links]: it
// follows short links over HTTP until a known page shows.
//
// Redirects are followed one by one, each judged before it is fetched; pages that redirect by
// HTML or script are understood in the few forms that shorteners use. Answers are kept in
// memory by link, which is the same for every tenant, and calls for the same link share one
// chain of requests.
//
// The package does not decide which addresses may be reached. That is for the client given
// to [New], which must refuse private ones on every connection.
package resolver
