// Package shopeeapi makes short affiliate links through the Open API of Shopee Brazil's
// affiliate programme. A [Minter] implements
// [github.com/autopromo-cloud/autopromo/ports/links.Minter] for tags of the store "shopee" with
// the fields app_id and app_secret, which Shopee gives to approved affiliates:
//
//	minter, err := shopeeapi.New(shopeeapi.Options{Client: guard.Client(safehttp.ClientOptions{})})
//	e, err := engine.New(engine.Deps{Minters: []links.Minter{minter} /* and the rest */}, config)
//
// The engine asks it only for tenants whose tag has the credentials, and records each link with
// the tag it was made for: nothing in the link itself shows whose it is.
//
// # What is known about the API
//
// The package was written from documentation and from what others report. It was never run
// against the live API.
//
// Shopee documents the endpoint, the mutation, at most five sub-ids, the header and its
// signature, which is a plain SHA-256 over app id, time, body and secret; the example in its
// documentation is one of the tests. Also documented are the codes 10000, 10010, 10020 and
// 10030 of errors.go, the limit of 2000 calls per hour and a clock at most ten minutes off. A
// code that is not listed there, such as 11000 for any "business error", may pass.
//
// Several public projects agree that errors arrive with status 200, that a sub-id other than
// letters and digits is error 11001, and that links look like https://s.shopee.com.br/<code>.
// 10031 was reported by one of them, 10035 by another; 10032 to 10034 are general knowledge.
//
// The address and the sub-ids stand in the query as literals, as in Shopee's own example.
// Variables would need the name of the input's type, about which sources contradict each
// other.
package shopeeapi
