// Package gatewayhttp makes the HTTP calls of a gateway adapter, and classes a failed one by
// what may have happened.
//
// It holds what every adapter to a provider with an HTTP API must get right and none can see
// by itself: whether the request had left as a whole when the call failed. [Call.Do] makes
// one call and never repeats it. Without a whole answer its error is a
// [gateway.Error] of the right kind; with one, the adapter judges the answer, for only it
// knows what the provider's words mean, and names its verdict with [Call.Fail] and
// [Call.Unproven].
//
// Errors carry codes from the closed list below and never what a server said.
//
// [gateway.Error]: https://pkg.go.dev/github.com/autopromo-cloud/autopromo/ports/gateway#Error
package gatewayhttp
