// Package core holds the nouns of AutoPromo, their rules and their state machines.
//
// Everything here is pure: the package imports only the standard library, does no
// input or output, reads no clock, draws no randomness and starts no goroutine. Time and
// randomness are arguments. The types carry no JSON or SQL tags: adapters own their wire
// and row shapes.
//
// # Glossary
//
//   - Tenant: one customer; owns everything below. Its id is called user_id on the wire and
//     in tables.
//   - Instance: the tenant's one WhatsApp session at a provider.
//   - Source, Destination: a group watched, a group posted to. Groups are named by JID,
//     an opaque string such as "120363…@g.us".
//   - Store: a merchant (amazon, shopee, …). The database side is called repository.
//   - Tag: the tenant's affiliate identity at a store.
//   - InboxEntry: one accepted webhook message, durable before the webhook is answered.
//   - Offer: an inbox entry judged to sell something.
//   - Hold: an offer, or one delivery, that must not go out, with a Reason.
//   - Delivery: one offer to one destination.
//   - Lane: the sending order of one instance; at most one send in flight, paced.
//   - Doorbell: a bus message that carries only ids; the database is the truth.
//
// # Instance states
//
//	(none) ──connect──▶ connecting ──provider says open──▶ connected
//	                        ▲  ▲                              │  │
//	                        │  └──────recoverable drop────────┘  │
//	                        └─connect again── disconnected ◀─────┘ logout, removal
//
// # Inbox states
//
//	new ──claim (starts n)──▶ claimed ──▶ done | skipped(reason) | dead (after 5 starts)
//	 ▲                           │
//	 └──── retry at a time ──────┘
//	waiting: an edit or a revoke that arrived before its message; revoked: taken back
//
// # Delivery states
//
//	pending ──compare-and-set──▶ dispatching ──provider accepted──▶ sent
//	   ▲                           │   │  └──definite refusal─────▶ failed
//	   └─ proven not sent ─────────┘   └──anything else───────────▶ ambiguous
//	ambiguous ──proof──▶ sent
//	          ──no proof after the grace──▶ unconfirmed (default), or pending with the same
//	            message id when the provider honours ids chosen by us
//	pending ──too old──▶ expired      pending ──person, edit, revoke, rule──▶ cancelled
//
// An expired lease leads to ambiguous, never back to pending.
package core
