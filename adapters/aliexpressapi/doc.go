// Package aliexpressapi makes affiliate links through the Open Platform of AliExpress, with the
// method aliexpress.affiliate.link.generate. A [Minter] implements
// [github.com/autopromo-cloud/autopromo/ports/links.Minter] for tags of the store "aliexpress"
// with the fields app_key, app_secret and tracking_id, which AliExpress gives to approved
// affiliates:
//
//	minter, err := aliexpressapi.New(aliexpressapi.Options{Client: guard.Client(safehttp.ClientOptions{})})
//	e, err := engine.New(engine.Deps{Minters: []links.Minter{minter} /* and the rest */}, config)
//
// The engine asks it only for tenants whose tag has the credentials, and records each link with
// the tag it was made for: nothing in the link itself shows whose it is.
//
// Sub-ids are not passed on: the method documents no place for them. A tenant who wants to tell
// groups apart needs a tracking id, hence a tag, for each.
//
// # What is known about the API
//
// The package was written from documentation and from what others report. It was never run
// against the live API.
//
// Many public projects agree on the address, on the method with its parameters and on where the
// link stands in the answer; also that an answer with resp_code 200 may have an empty list,
// which is what a page outside the programme gets. The signature is an HMAC-SHA256 in upper-case
// hex over all parameters, sorted, name and value one after the other. Two names for it are in
// use, "hmac-sha256" and "sha256"; this package sends the first, which one project runs with
// exactly these parameters. Others sign with MD5 in another form. AliExpress documents that the
// clock may be two hours off.
//
// Of the error codes in errors.go, InvalidAppKey and MissingParameter were seen on the live API
// by one project, which found that a wrong key is noticed before a wrong signature.
// IncompleteSignature, InvalidApiPath, ApiCallLimit and the resp_codes 401 and 404 are reported
// by single projects; the others are general knowledge about the platform.
//
// Everything travels in the body of a POST, so that neither key nor signature shows in an
// address that somebody logs. That the answer's source_value repeats the target to the letter is
// an assumption; where it does not, there is no link rather than one for something else.
package aliexpressapi
