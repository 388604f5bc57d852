-- Every statement can run again: a crash between a migration and its mark must not block the next start.
CREATE TABLE IF NOT EXISTS users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    full_name     TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    is_active     INTEGER NOT NULL,
    session       INTEGER NOT NULL,
    settings      TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
--bun:split
CREATE TABLE IF NOT EXISTS whatsapp_instances (
    user_id        TEXT    NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    id             TEXT    NOT NULL,
    provider       TEXT    NOT NULL,
    instance_name  TEXT    NOT NULL UNIQUE,
    api_url        TEXT    NOT NULL,
    api_key        BLOB,
    token          BLOB,
    webhook_hash   TEXT    UNIQUE,
    webhook_secret BLOB,
    status         TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    qr_code        TEXT    NOT NULL,
    qr_code_at     INTEGER NOT NULL,
    phone_number   TEXT    NOT NULL,
    generation     INTEGER NOT NULL,
    provisioned    INTEGER NOT NULL,
    linked_at      INTEGER NOT NULL,
    checked_at     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS whatsapp_instances_checked ON whatsapp_instances (checked_at) WHERE status <> 'disconnected';
--bun:split
CREATE TABLE IF NOT EXISTS group_sources (
    user_id         TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    instance_id     TEXT    NOT NULL,
    source_group_id TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    participants    INTEGER NOT NULL,
    is_active       INTEGER NOT NULL,
    discovered      INTEGER NOT NULL,
    discovered_at   INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, source_group_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE TABLE IF NOT EXISTS group_destinations (
    user_id              TEXT    NOT NULL,
    id                   TEXT    NOT NULL,
    instance_id          TEXT    NOT NULL,
    destination_group_id TEXT    NOT NULL,
    label                TEXT    NOT NULL,
    is_active            INTEGER NOT NULL,
    problem              TEXT    NOT NULL,
    created_at           INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, destination_group_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE TABLE IF NOT EXISTS affiliate_tags (
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id          TEXT    NOT NULL,
    store_slug  TEXT    NOT NULL,
    marketplace TEXT    NOT NULL,
    fields      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, store_slug, marketplace)
) STRICT;
--bun:split
CREATE TABLE IF NOT EXISTS inbox (
    user_id     TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    instance_id TEXT    NOT NULL,
    chat_jid    TEXT    NOT NULL,
    participant TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    media       TEXT,
    sent_at     INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    starts      INTEGER NOT NULL,
    retry_at    INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    edited_at   INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, instance_id, chat_jid, message_id, participant),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS inbox_new ON inbox (due_at) WHERE state = 'new';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_claimed ON inbox (due_at) WHERE state = 'claimed';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_state ON inbox (user_id, state);
--bun:split
CREATE TABLE IF NOT EXISTS offers (
    user_id     TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    inbox_id    TEXT    NOT NULL,
    instance_id TEXT    NOT NULL,
    chat_jid    TEXT    NOT NULL,
    participant TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    source_name TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    final_text  TEXT    NOT NULL,
    links       TEXT    NOT NULL,
    product_key TEXT    NOT NULL,
    store_slug  TEXT    NOT NULL,
    price_cents INTEGER NOT NULL,
    coupons     TEXT    NOT NULL,
    media       TEXT,
    hold_reason TEXT    NOT NULL,
    hold_detail TEXT    NOT NULL,
    sent_at     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, inbox_id),
    FOREIGN KEY (user_id, inbox_id) REFERENCES inbox (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS offers_hold ON offers (user_id, hold_reason, id);
--bun:split
-- destination_id has no foreign key: the history outlives the destination.
CREATE TABLE IF NOT EXISTS deliveries (
    user_id        TEXT    NOT NULL,
    id             TEXT    NOT NULL,
    offer_id       TEXT    NOT NULL,
    instance_id    TEXT    NOT NULL,
    destination_id TEXT    NOT NULL,
    chat_jid       TEXT    NOT NULL,
    text           TEXT    NOT NULL,
    product_key    TEXT    NOT NULL,
    text_key       TEXT    NOT NULL,
    epoch          INTEGER NOT NULL,
    state          TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    detail         TEXT    NOT NULL,
    attempt        INTEGER NOT NULL,
    not_before     INTEGER NOT NULL,
    client_id      TEXT    NOT NULL,
    message_id     TEXT    NOT NULL,
    deadline       INTEGER NOT NULL,
    source_at      INTEGER NOT NULL,
    dispatched_at  INTEGER NOT NULL,
    sent_at        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    without_media  INTEGER NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, offer_id, destination_id, epoch),
    FOREIGN KEY (user_id, offer_id) REFERENCES offers (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_state ON deliveries (user_id, state, sent_at);
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_ready ON deliveries (user_id, destination_id, source_at, id) WHERE state = 'pending';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (user_id, instance_id, not_before) WHERE state = 'pending';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_overdue ON deliveries (deadline) WHERE state = 'dispatching';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_doubtful ON deliveries (not_before) WHERE state = 'ambiguous';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_unproven ON deliveries (user_id, chat_jid) WHERE state IN ('dispatching', 'ambiguous', 'unconfirmed');
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_message ON deliveries (user_id, message_id) WHERE message_id <> '';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_client ON deliveries (user_id, client_id) WHERE client_id <> '';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_product ON deliveries (user_id, destination_id, product_key, created_at) WHERE product_key <> '';
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_text ON deliveries (user_id, destination_id, text_key, created_at) WHERE text_key <> '';
--bun:split
CREATE TABLE IF NOT EXISTS lanes (
    user_id      TEXT    NOT NULL,
    instance_id  TEXT    NOT NULL,
    next_send_at INTEGER NOT NULL,
    paced_until  INTEGER NOT NULL,
    woken_at     INTEGER,
    lease_holder TEXT    NOT NULL,
    lease_until  INTEGER NOT NULL,
    fence        INTEGER NOT NULL,
    PRIMARY KEY (user_id, instance_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS lanes_due ON lanes (next_send_at);
--bun:split
CREATE TABLE IF NOT EXISTS send_logs (
    user_id        TEXT    NOT NULL,
    delivery_id    TEXT    NOT NULL,
    attempt        INTEGER NOT NULL,
    destination_id TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, delivery_id, attempt),
    FOREIGN KEY (user_id, delivery_id) REFERENCES deliveries (user_id, id) ON DELETE CASCADE
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS send_logs_time ON send_logs (user_id, created_at);
