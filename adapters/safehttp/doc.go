// Package safehttp makes HTTP clients for addresses that others chose: a provider URL typed
// by a tenant, a link posted in a group. Such a client must not become a way into the network
// the program runs in (server-side request forgery).
//
// A [Guard] judges the resolved address of every connection, so that a name that changes its
// address between check and use, a redirect or an odd notation gains nothing. Its clients
// follow no redirects, use no proxy, keep no cookies and ask for no compression. Private hosts
// are reachable only where the operator listed them.
//
//	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: []string{"evolution:8080"}})
//	client := guard.Client(safehttp.ClientOptions{Timeout: 10 * time.Second})
//
// Use a Guard without AllowLoopback for links that strangers post.
package safehttp
