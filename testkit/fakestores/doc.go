// Package fakestores stands in for the affiliate APIs of Shopee and AliExpress, so that what
// mints links can be tested without the internet and without an account.
//
// A [Stores] is an http.Handler with Shopee's API at /graphql and AliExpress's at /sync. It
// knows the [Account]s it was given, checks the signature and the time of every call itself,
// refuses in each programme's own words, and keeps a ledger of what was asked:
//
//	stores := fakestores.New(fakestores.Options{Accounts: []fakestores.Account{
//		{Store: fakestores.Shopee, ID: "app123", Secret: "secret456"},
//	}})
//	server := httptest.NewServer(stores)
//
// The same request gives the same link each time. A GET of a link it made, told by its Host
// header, redirects to the target; [Stores.Links] gives them all, ready for
// [github.com/autopromo-cloud/autopromo/testkit/fakelinks.Hosts].
//
// [Fault]s make the next calls fail, in turn or as [Options].Decide says.
//
// Nothing here was compared with the live APIs. The signatures, the shapes of the answers and
// Shopee's codes 10010, 10020, 10030 and 11001 follow the programmes' documentation and what
// several public projects report of real answers; so do AliExpress's InvalidAppKey,
// MissingParameter, IncompleteSignature and ApiCallLimit. What is a guess says so.
package fakestores
