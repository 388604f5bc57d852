DROP POLICY IF EXISTS queue ON lanes;
--bun:split
DROP POLICY IF EXISTS directory ON users;
--bun:split
REVOKE ALL ON users FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON whatsapp_instances;
--bun:split
REVOKE ALL ON whatsapp_instances FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON inbox;
--bun:split
REVOKE ALL ON inbox FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON offers;
--bun:split
REVOKE ALL ON offers FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON deliveries;
--bun:split
REVOKE ALL ON deliveries FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON lanes;
--bun:split
REVOKE ALL ON lanes FROM autopromo_directory;
--bun:split
CREATE POLICY directory ON users FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
CREATE POLICY directory ON whatsapp_instances FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
CREATE POLICY directory ON inbox FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
CREATE POLICY directory ON deliveries FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
CREATE POLICY directory ON lanes FOR SELECT USING (current_setting('app.scope', true) = 'directory');
--bun:split
CREATE POLICY queue ON lanes FOR UPDATE
    USING (current_setting('app.scope', true) = 'directory')
    WITH CHECK (user_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
--bun:split
REVOKE USAGE ON SCHEMA public FROM autopromo_directory;
--bun:split
-- The role belongs to the server and may serve other databases: it stays.
DROP TABLE IF EXISTS installation;
--bun:split
DROP INDEX IF EXISTS inbox_dead;
--bun:split
DROP INDEX IF EXISTS inbox_chat;
--bun:split
DROP INDEX IF EXISTS inbox_claimed;
--bun:split
DROP INDEX IF EXISTS inbox_new;
--bun:split
CREATE INDEX IF NOT EXISTS inbox_new ON inbox (due_at) WHERE state = 'new';
--bun:split
CREATE INDEX IF NOT EXISTS inbox_claimed ON inbox (due_at) WHERE state = 'claimed';
--bun:split
ALTER TABLE whatsapp_instances DROP COLUMN caught_up_at;
