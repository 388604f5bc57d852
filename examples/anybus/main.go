// Command anybus runs AutoPromo's engine over a Pub/Sub of the embedder's choice. Here it is
// watermill-sql, queues in PostgreSQL tables, for installations that have that server and no
// Redis; NATS, Kafka, AMQP and the rest are plugged in the same way, see [openBus].
//
// WhatsApp is the simulated one of the test kit; a PostgreSQL server is all it takes:
//
//	DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres go run ./examples/anybus
//
// Bus messages are doorbells that carry ids and no truth: what a Pub/Sub loses, repeats or
// forgets in a restart costs a little time and no offer. So the choice is one of operations,
// not of safety. What matters of one:
//
//   - Workers compete for messages: the same consumer group (Kafka), queue group (NATS) or
//     queue (AMQP) in every process, and [watermillbus.Options].Subscriptions where a
//     subscription hands over one message at a time.
//   - A failing message comes again later, not at once: [watermillbus.Options].RedeliverAfter.
//   - The test kit says whether it fits: testkit/bustest, as in main_test.go. Watermill's own
//     channels in memory, for one, do not: they drop what comes before a subscriber does.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	watermillsql "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "anybus")
	if err == nil {
		err = errors.Join(run(ctx, dir, os.Getenv("DATABASE_URL"), os.Stdout), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// openBus is all there is to another Pub/Sub. Close it after the engine has ended.
func openBus(databaseURL string, topics ...string) (bus *watermillbus.Bus, closing func() error, err error) {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return nil, nil, err
	}
	beginner := watermillsql.BeginnerFromStdSQL(db)
	// One at a time: of a batch that ends halfway it acknowledges all.
	schema := watermillsql.PostgreSQLQueueSchema{
		SubscribeBatchSize: 1, GeneratePayloadType: func(string) string { return "bytea" },
	}
	publisher, err := watermillsql.NewPublisher(beginner, watermillsql.PublisherConfig{
		SchemaAdapter: schema,
	}, watermill.NopLogger{})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	subscriber, err := watermillsql.NewSubscriber(beginner, watermillsql.SubscriberConfig{
		SchemaAdapter: schema, OffsetsAdapter: watermillsql.PostgreSQLQueueOffsetsAdapter{DeleteOnAck: true},
		PollInterval: 50 * time.Millisecond,
	}, watermill.NopLogger{})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	// The tables come first: made on the way they would be made by several at once.
	for _, topic := range topics {
		if err := subscriber.SubscribeInitialize(topic); err != nil {
			return nil, nil, errors.Join(err, db.Close())
		}
	}
	bus, err = watermillbus.New(publisher, subscriber, watermillbus.Options{})
	return bus, func() error { return errors.Join(publisher.Close(), subscriber.Close(), db.Close()) }, err
}

// run has one customer connect and one offer travel, and tells what was posted.
func run(ctx context.Context, dir, databaseURL string, out io.Writer) (err error) {
	db, err := bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{Current: "1", Keys: map[string]core.Secret{
			"1": core.NewSecret("32 random bytes from your vault!"),
		}},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	bus, closing, err := openBus(databaseURL, engine.TopicIngestion, engine.TopicDispatch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()

	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.close()
	e, err := w.engine(db, bus)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	posted, err := w.play(ctx, e)
	if err == nil {
		_, err = fmt.Fprintf(out, "written by Ana:\n%s\n\nposted by Bia:\n%s\n", offer, posted)
	}
	return err
}
