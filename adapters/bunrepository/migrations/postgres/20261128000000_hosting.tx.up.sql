-- Which process holds the instance's connection to WhatsApp, for providers without a server.
ALTER TABLE lanes ADD COLUMN IF NOT EXISTS host text NOT NULL DEFAULT '';
--bun:split
ALTER TABLE lanes ADD COLUMN IF NOT EXISTS host_until bigint NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE lanes ADD COLUMN IF NOT EXISTS host_fence bigint NOT NULL DEFAULT 0;
--bun:split
-- When a session that had fallen silent was restarted.
ALTER TABLE whatsapp_instances ADD COLUMN IF NOT EXISTS restarted_at bigint NOT NULL DEFAULT 0;
--bun:split
CREATE INDEX IF NOT EXISTS whatsapp_instances_provider ON whatsapp_instances (provider) WHERE provisioned;
--bun:split
-- What is asked of the process that can do it, and its answer: the last of each kind.
CREATE TABLE IF NOT EXISTS session_calls (
    user_id     uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    op          text   NOT NULL,
    session     text   NOT NULL,
    argument    text   NOT NULL,
    asked_at    bigint NOT NULL,
    answered_at bigint NOT NULL,
    answer      text   NOT NULL,
    fault       text   NOT NULL,
    PRIMARY KEY (user_id, op)
);
--bun:split
CREATE INDEX IF NOT EXISTS session_calls_waiting ON session_calls (asked_at) WHERE answered_at = 0;
--bun:split
ALTER TABLE session_calls ENABLE ROW LEVEL SECURITY;
--bun:split
ALTER TABLE session_calls FORCE ROW LEVEL SECURITY;
--bun:split
DROP POLICY IF EXISTS tenant ON session_calls;
--bun:split
CREATE POLICY tenant ON session_calls
    USING (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
DROP POLICY IF EXISTS directory ON session_calls;
--bun:split
CREATE POLICY directory ON session_calls FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, asked_at, answered_at) ON session_calls TO autopromo_directory;
--bun:split
GRANT SELECT (provider, provisioned) ON whatsapp_instances TO autopromo_directory;
--bun:split
GRANT SELECT (host, host_until, host_fence) ON lanes TO autopromo_directory;
