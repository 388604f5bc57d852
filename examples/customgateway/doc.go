// Command customgateway is AutoPromo over a WhatsApp provider it does not ship: wuzapi
// (github.com/asternic/wuzapi), whose adapter is one file, wuzapi.go.
//
// It shows how to write an adapter for a provider of one's own, in the order of the steps in
// that file:
//
//  1. Capabilities: what the provider can do, claimed exactly.
//  2. One function that makes the HTTP calls, with ports/gateway/gatewayhttp.
//  3. Errors: each refusal classed by what may have happened.
//  4. The lifecycle: Provision, Connect, Status, Delete, Groups.
//  5. Send, once per call.
//  6. Authenticate and Decode, for webhooks, with ports/gateway/loosejson.
//  7. What is optional: media, pairing codes, look-ups, history.
//
// qrcode.go is wuzapi's own need: it shows QR codes as pictures only. The tests hold the
// adapter to the contract against a stand-in of the provider, and against a real one with
// WUZAPI_URL and WUZAPI_ADMIN_TOKEN. docs/custom-gateway.md tells the whole story.
//
// Start a wuzapi that signs its webhooks (any version with /session/hmac/config) and sends no
// files with them, then this program, and open http://localhost:8092:
//
//	wuzapi -admintoken=secret -skipmedia
//	export WUZAPI_URL=http://localhost:8080 WUZAPI_ADMIN_TOKEN=secret PRODUCT_KEY=$(openssl rand -hex 32)
//	go run ./examples/customgateway
package main
