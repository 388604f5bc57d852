ALTER TABLE users ADD COLUMN IF NOT EXISTS is_operator boolean NOT NULL DEFAULT false;
--bun:split
ALTER TABLE users ADD COLUMN IF NOT EXISTS max_destinations integer NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE users ADD COLUMN IF NOT EXISTS max_per_day integer NOT NULL DEFAULT 0;
--bun:split
CREATE TABLE IF NOT EXISTS api_keys (
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         uuid   NOT NULL,
    name       text   NOT NULL,
    prefix     text   NOT NULL,
    hash       text   NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    used_on    bigint NOT NULL,
    PRIMARY KEY (user_id, id)
);
--bun:split
CREATE TABLE IF NOT EXISTS sessions (
    user_id    uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         uuid    NOT NULL,
    browser    boolean NOT NULL,
    device     text    NOT NULL,
    rotation   integer NOT NULL,
    created_at bigint  NOT NULL,
    rotated_at bigint  NOT NULL,
    seen_at    bigint  NOT NULL,
    expires_at bigint  NOT NULL,
    PRIMARY KEY (user_id, id)
);
--bun:split
-- What operators did to a tenant. It is the tenant's to see, and goes with it.
CREATE TABLE IF NOT EXISTS audit_log (
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id         uuid   NOT NULL,
    actor      text   NOT NULL,
    action     text   NOT NULL,
    detail     text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (user_id, id)
);
--bun:split
CREATE INDEX IF NOT EXISTS audit_log_newest ON audit_log (id);
--bun:split
-- What a product cost each time.
CREATE INDEX IF NOT EXISTS offers_product ON offers (user_id, product_key, id) WHERE product_key <> '';
--bun:split
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON api_keys;
--bun:split
CREATE POLICY tenant ON api_keys
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON sessions;
--bun:split
CREATE POLICY tenant ON sessions
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON audit_log;
--bun:split
CREATE POLICY tenant ON audit_log
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
-- A key is looked up by its hash, and operators see states, times and counts of all tenants.
GRANT SELECT (user_id, hash) ON api_keys TO autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON api_keys;
--bun:split
CREATE POLICY directory ON api_keys FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, id, actor, action, detail, created_at) ON audit_log TO autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON audit_log;
--bun:split
CREATE POLICY directory ON audit_log FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, is_active) ON group_sources TO autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON group_sources;
--bun:split
CREATE POLICY directory ON group_sources FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, is_active) ON group_destinations TO autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON group_destinations;
--bun:split
CREATE POLICY directory ON group_destinations FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (is_active, is_operator, max_destinations, max_per_day, created_at) ON users TO autopromo_directory;
--bun:split
GRANT SELECT (provider, reason, updated_at) ON whatsapp_instances TO autopromo_directory;
--bun:split
GRANT SELECT (sent_at) ON deliveries TO autopromo_directory;
