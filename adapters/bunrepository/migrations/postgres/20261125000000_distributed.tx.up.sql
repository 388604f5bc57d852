ALTER TABLE whatsapp_instances ADD COLUMN IF NOT EXISTS caught_up_at bigint NOT NULL DEFAULT 0;
--bun:split
-- The longest-due entries of one tenant, and of all.
DROP INDEX IF EXISTS inbox_new;
--bun:split
DROP INDEX IF EXISTS inbox_claimed;
--bun:split
CREATE INDEX IF NOT EXISTS inbox_new ON inbox (user_id, due_at, id) WHERE state = 'new';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_claimed ON inbox (user_id, due_at, id) WHERE state = 'claimed';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_chat ON inbox (user_id, chat_jid, sent_at);
--bun:split
CREATE INDEX IF NOT EXISTS inbox_dead ON inbox (user_id, id) WHERE state = 'dead';
--bun:split
CREATE TABLE IF NOT EXISTS installation (
    id         integer NOT NULL PRIMARY KEY CHECK (id = 1),
    keys_print text    NOT NULL
);
--bun:split
-- The Directory and the Queue look across tenants. They do it in a role of their own, which sees of each tenant
-- the columns named here and no text, name, secret or link. Programs enter it for one transaction at a time.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'autopromo_directory') THEN
        CREATE ROLE autopromo_directory NOLOGIN NOINHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- made for another database of this server at this moment
END
$$;
--bun:split
GRANT USAGE ON SCHEMA public TO autopromo_directory;
--bun:split
GRANT SELECT, INSERT ON installation TO autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON users;
--bun:split
DROP POLICY IF EXISTS directory ON whatsapp_instances;
--bun:split
DROP POLICY IF EXISTS directory ON inbox;
--bun:split
DROP POLICY IF EXISTS directory ON deliveries;
--bun:split
DROP POLICY IF EXISTS directory ON lanes;
--bun:split
DROP POLICY IF EXISTS queue ON lanes;
--bun:split
GRANT SELECT (id, email) ON users TO autopromo_directory;
--bun:split
CREATE POLICY directory ON users FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, instance_name, webhook_hash, status, checked_at) ON whatsapp_instances TO autopromo_directory;
--bun:split
CREATE POLICY directory ON whatsapp_instances FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, id, state, due_at) ON inbox TO autopromo_directory;
--bun:split
CREATE POLICY directory ON inbox FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, id, inbox_id, hold_reason) ON offers TO autopromo_directory;
--bun:split
CREATE POLICY directory ON offers FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, id, offer_id, instance_id, state, not_before, deadline) ON deliveries TO autopromo_directory;
--bun:split
CREATE POLICY directory ON deliveries FOR SELECT TO autopromo_directory USING (true);
--bun:split
GRANT SELECT (user_id, instance_id, next_send_at, paced_until, woken_at, lease_holder, lease_until, fence) ON lanes TO autopromo_directory;
--bun:split
CREATE POLICY directory ON lanes FOR SELECT TO autopromo_directory USING (true);
--bun:split
-- A lane is locked across tenants and changed as its tenant.
GRANT UPDATE (fence) ON lanes TO autopromo_directory;
--bun:split
CREATE POLICY queue ON lanes FOR UPDATE TO autopromo_directory USING (true) WITH CHECK (false);
