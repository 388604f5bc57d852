-- Every statement can run again: a crash between a migration and its mark must not block the next start.
CREATE TABLE IF NOT EXISTS users (
    id            uuid    NOT NULL PRIMARY KEY,
    email         text    NOT NULL UNIQUE,
    full_name     text    NOT NULL,
    password_hash text    NOT NULL,
    is_active     boolean NOT NULL,
    session       integer NOT NULL,
    settings      jsonb   NOT NULL,
    created_at    bigint  NOT NULL
);
--bun:split
CREATE TABLE IF NOT EXISTS whatsapp_instances (
    user_id        uuid    NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    id             uuid    NOT NULL,
    provider       text    NOT NULL,
    instance_name  text    NOT NULL UNIQUE,
    api_url        text    NOT NULL,
    api_key        bytea,
    token          bytea,
    webhook_hash   text    UNIQUE,
    webhook_secret bytea,
    status         text    NOT NULL,
    reason         text    NOT NULL,
    qr_code        text    NOT NULL,
    qr_code_at     bigint  NOT NULL,
    phone_number   text    NOT NULL,
    generation     integer NOT NULL,
    provisioned    boolean NOT NULL,
    linked_at      bigint  NOT NULL,
    checked_at     bigint  NOT NULL,
    created_at     bigint  NOT NULL,
    updated_at     bigint  NOT NULL,
    PRIMARY KEY (user_id, id)
);
--bun:split
CREATE INDEX IF NOT EXISTS whatsapp_instances_checked ON whatsapp_instances (checked_at) WHERE status <> 'disconnected';
--bun:split
CREATE TABLE IF NOT EXISTS group_sources (
    user_id         uuid    NOT NULL,
    id              uuid    NOT NULL,
    instance_id     uuid    NOT NULL,
    source_group_id text    NOT NULL,
    label           text    NOT NULL,
    name            text    NOT NULL,
    participants    integer NOT NULL,
    is_active       boolean NOT NULL,
    discovered      boolean NOT NULL,
    discovered_at   bigint  NOT NULL,
    created_at      bigint  NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, source_group_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE TABLE IF NOT EXISTS group_destinations (
    user_id              uuid    NOT NULL,
    id                   uuid    NOT NULL,
    instance_id          uuid    NOT NULL,
    destination_group_id text    NOT NULL,
    label                text    NOT NULL,
    is_active            boolean NOT NULL,
    problem              text    NOT NULL,
    created_at           bigint  NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, destination_group_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE TABLE IF NOT EXISTS affiliate_tags (
    user_id     uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id          uuid    NOT NULL,
    store_slug  text    NOT NULL,
    marketplace text    NOT NULL,
    fields      bytea   NOT NULL,
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, store_slug, marketplace)
);
--bun:split
CREATE TABLE IF NOT EXISTS inbox (
    user_id     uuid    NOT NULL,
    id          uuid    NOT NULL,
    instance_id uuid    NOT NULL,
    chat_jid    text    NOT NULL,
    participant text    NOT NULL,
    message_id  text    NOT NULL,
    text        text    NOT NULL,
    media       jsonb,
    sent_at     bigint  NOT NULL,
    received_at bigint  NOT NULL,
    state       text    NOT NULL,
    reason      text    NOT NULL,
    starts      integer NOT NULL,
    retry_at    bigint  NOT NULL,
    revision    integer NOT NULL,
    edited_at   bigint  NOT NULL,
    due_at      bigint  NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, instance_id, chat_jid, message_id, participant),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE INDEX IF NOT EXISTS inbox_new ON inbox (due_at) WHERE state = 'new';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_claimed ON inbox (due_at) WHERE state = 'claimed';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_state ON inbox (user_id, state);
--bun:split
CREATE TABLE IF NOT EXISTS offers (
    user_id     uuid    NOT NULL,
    id          uuid    NOT NULL,
    inbox_id    uuid    NOT NULL,
    instance_id uuid    NOT NULL,
    chat_jid    text    NOT NULL,
    participant text    NOT NULL,
    message_id  text    NOT NULL,
    source_name text    NOT NULL,
    text        text    NOT NULL,
    final_text  text    NOT NULL,
    links       jsonb   NOT NULL,
    product_key text    NOT NULL,
    store_slug  text    NOT NULL,
    price_cents bigint  NOT NULL,
    coupons     jsonb   NOT NULL,
    media       jsonb,
    hold_reason text    NOT NULL,
    hold_detail text    NOT NULL,
    sent_at     bigint  NOT NULL,
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, inbox_id),
    FOREIGN KEY (user_id, inbox_id) REFERENCES inbox (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE INDEX IF NOT EXISTS offers_hold ON offers (user_id, hold_reason, id);
--bun:split
-- destination_id has no foreign key: the history outlives the destination.
CREATE TABLE IF NOT EXISTS deliveries (
    user_id        uuid    NOT NULL,
    id             uuid    NOT NULL,
    offer_id       uuid    NOT NULL,
    instance_id    uuid    NOT NULL,
    destination_id uuid    NOT NULL,
    chat_jid       text    NOT NULL,
    text           text    NOT NULL,
    product_key    text    NOT NULL,
    text_key       text    NOT NULL,
    epoch          integer NOT NULL,
    state          text    NOT NULL,
    reason         text    NOT NULL,
    detail         text    NOT NULL,
    attempt        integer NOT NULL,
    not_before     bigint  NOT NULL,
    client_id      text    NOT NULL,
    message_id     text    NOT NULL,
    deadline       bigint  NOT NULL,
    source_at      bigint  NOT NULL,
    dispatched_at  bigint  NOT NULL,
    sent_at        bigint  NOT NULL,
    created_at     bigint  NOT NULL,
    updated_at     bigint  NOT NULL,
    without_media  boolean NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, offer_id, destination_id, epoch),
    FOREIGN KEY (user_id, offer_id) REFERENCES offers (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
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
    user_id      uuid    NOT NULL,
    instance_id  uuid    NOT NULL,
    next_send_at bigint  NOT NULL,
    paced_until  bigint  NOT NULL,
    woken_at     bigint,
    lease_holder text    NOT NULL,
    lease_until  bigint  NOT NULL,
    fence        bigint  NOT NULL,
    PRIMARY KEY (user_id, instance_id),
    FOREIGN KEY (user_id, instance_id) REFERENCES whatsapp_instances (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE INDEX IF NOT EXISTS lanes_due ON lanes (next_send_at);
--bun:split
CREATE TABLE IF NOT EXISTS send_logs (
    user_id        uuid    NOT NULL,
    delivery_id    uuid    NOT NULL,
    attempt        integer NOT NULL,
    destination_id uuid    NOT NULL,
    created_at     bigint  NOT NULL,
    PRIMARY KEY (user_id, delivery_id, attempt),
    FOREIGN KEY (user_id, delivery_id) REFERENCES deliveries (user_id, id) ON DELETE CASCADE
);
--bun:split
CREATE INDEX IF NOT EXISTS send_logs_time ON send_logs (user_id, created_at);
--bun:split
-- Row level security catches a forgotten user_id. A setting that was never made is NULL and one that a past
-- transaction made is '', so nullif is needed for "no tenant" to mean "no rows" instead of an error.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE users FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON users;
--bun:split
CREATE POLICY tenant ON users
    USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE whatsapp_instances ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE whatsapp_instances FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON whatsapp_instances;
--bun:split
CREATE POLICY tenant ON whatsapp_instances
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE group_sources ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE group_sources FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON group_sources;
--bun:split
CREATE POLICY tenant ON group_sources
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE group_destinations ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE group_destinations FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON group_destinations;
--bun:split
CREATE POLICY tenant ON group_destinations
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE affiliate_tags ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE affiliate_tags FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON affiliate_tags;
--bun:split
CREATE POLICY tenant ON affiliate_tags
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE inbox FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON inbox;
--bun:split
CREATE POLICY tenant ON inbox
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE offers ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE offers FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON offers;
--bun:split
CREATE POLICY tenant ON offers
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON deliveries;
--bun:split
CREATE POLICY tenant ON deliveries
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE lanes ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE lanes FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON lanes;
--bun:split
CREATE POLICY tenant ON lanes
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE send_logs ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE send_logs FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON send_logs;
--bun:split
CREATE POLICY tenant ON send_logs
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
-- The Directory and the Queue look across tenants and answer with ids. They may read these tables, and lock
-- lanes, in a transaction that says so; what they change they change as the tenant.
DROP POLICY IF EXISTS directory ON users;
--bun:split
CREATE POLICY directory ON users FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
DROP POLICY IF EXISTS directory ON whatsapp_instances;
--bun:split
CREATE POLICY directory ON whatsapp_instances FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
DROP POLICY IF EXISTS directory ON inbox;
--bun:split
CREATE POLICY directory ON inbox FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
DROP POLICY IF EXISTS directory ON deliveries;
--bun:split
CREATE POLICY directory ON deliveries FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
DROP POLICY IF EXISTS directory ON lanes;
--bun:split
CREATE POLICY directory ON lanes FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
DROP POLICY IF EXISTS queue ON lanes;
--bun:split
CREATE POLICY queue ON lanes FOR UPDATE
    USING (current_setting('app.scope', true) = 'directory')
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
