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
//	                     ▲  │   ▲                            │  │
//	       connect again │  │   └───────recoverable drop─────┘  │
//	                     │  ▼ refused, not scanned              │
//	                   disconnected ◀──logout, disconnect───────┘
//
// A disconnected instance whose session still exists at the provider becomes connected
// when the provider says that it is open; a log-out on the phone is final.
//
// # Inbox states
//
//	new ──claim (starts n)──▶ claimed ──▶ done | skipped(reason) | dead (after 5 starts)
//	 ▲                           │
//	 └──── retry at a time ──────┘
//	any but revoked ──edited──▶ new, due at once and without starts
//	(none) ──nothing to sell in it, or too much waits already──▶ skipped(reason)
//	(none) ──edit before its message──▶ waiting ──the message──▶ new
//	any, or none ──taken back by its author──▶ revoked, for good
//
// # Delivery states
//
//	pending ──compare-and-set──▶ dispatching ──provider accepted──▶ sent
//	   ▲                           │   │  └──definite refusal─────▶ failed
//	   └─ proven not sent ─────────┘   └──anything else───────────▶ ambiguous
//	ambiguous ──proof──▶ sent         ambiguous ──proof of the contrary──▶ pending
//	          ──no proof after the grace──▶ unconfirmed (default), or pending: with the same
//	            message id when the provider honours ids chosen by us, else only if the
//	            tenant chose "maybe twice" (AtLeastOnce)
//	pending ──too old──▶ expired      pending ──person, edit, revoke, rule──▶ cancelled
//	unconfirmed ──late proof──▶ sent  unconfirmed, failed ──person──▶ pending
//
// An expired lease leads to ambiguous, never back to pending. What would become pending
// again after its message was taken back, or its offer held, becomes cancelled instead;
// what an edit cancelled becomes pending when the next edit wants it again.
package core
