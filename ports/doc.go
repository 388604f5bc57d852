// Package ports documents the driven side of the hexagon; its subpackages declare it.
//
// A port is an interface the engine needs and an adapter implements: [gateway] to a
// WhatsApp provider, [repository] to the database, [bus] for doorbells, [links] to follow
// short links. Inbound traffic (HTTP, command line) needs no port: it is an adapter that
// calls the engine.
//
// Ports import the core and the standard library only. Each "must" in a port's comment is
// a case of the conformance suite in testkit: gatewaytest, repositorytest, bustest and
// linkstest.
//
// [gateway]: https://pkg.go.dev/github.com/autopromo-cloud/autopromo/ports/gateway
// [repository]: https://pkg.go.dev/github.com/autopromo-cloud/autopromo/ports/repository
// [bus]: https://pkg.go.dev/github.com/autopromo-cloud/autopromo/ports/bus
// [links]: https://pkg.go.dev/github.com/autopromo-cloud/autopromo/ports/links
package ports
