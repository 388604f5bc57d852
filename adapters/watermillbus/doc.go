// Package watermillbus implements the port [github.com/autopromo-cloud/autopromo/ports/bus]
// over Watermill.
//
// [New] works with any Watermill publisher and subscriber. [OpenSQLite] is a Pub/Sub of our
// own for installations without a broker: a durable queue in one SQLite file, with consumer
// groups, that several processes of one machine may share.
//
//	queue, err := watermillbus.OpenSQLite(ctx, "bus.db", watermillbus.SQLiteOptions{})
//	b, err := watermillbus.New(queue, queue, watermillbus.Options{})
//
// Delivery is at least once and unordered. A handler that fails sees its message again after
// a delay, whatever the Pub/Sub beneath would do.
package watermillbus
