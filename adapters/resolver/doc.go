// Package resolver implements the port [github.com/autopromo-cloud/autopromo/ports/links]: it
// follows short links over HTTP until a known page shows.
//
// Redirects are followed one by one, each judged before it is fetched; pages that redirect by
// HTML or script are understood in the few forms that shorteners use, and so are the pages of
// Mercado Livre's affiliates that feature one product. A page that does none of this is
// where the chain ends, and its address is the answer.
//
// Answers are kept in the memory of the process, by link: they are the same for every tenant
// and hold nothing of those who asked. Calls for the same link share one chain of requests.
// There is no cache between processes; each opens a link once a day, which hosts do not mind.
//
// Hosts are treated politely: few requests at a time, and none for a while to a host that
// answers 403, 429 or 503. Such a pause is never taken for a property of the link.
//
// The package does not decide which addresses may be reached. That is for the client given
// to [New], which must refuse private ones on every connection.
package resolver
