DROP INDEX IF EXISTS offers_product;
--bun:split
REVOKE SELECT (sent_at) ON deliveries FROM autopromo_directory;
--bun:split
REVOKE SELECT (provider, reason, updated_at) ON whatsapp_instances FROM autopromo_directory;
--bun:split
REVOKE ALL ON group_destinations FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON group_destinations;
--bun:split
REVOKE ALL ON group_sources FROM autopromo_directory;
--bun:split
DROP POLICY IF EXISTS directory ON group_sources;
--bun:split
REVOKE SELECT (is_active, is_operator, max_destinations, max_per_day, created_at) ON users FROM autopromo_directory;
--bun:split
DROP TABLE IF EXISTS audit_log;
--bun:split
DROP TABLE IF EXISTS sessions;
--bun:split
DROP TABLE IF EXISTS api_keys;
--bun:split
ALTER TABLE users DROP COLUMN IF EXISTS max_per_day;
--bun:split
ALTER TABLE users DROP COLUMN IF EXISTS max_destinations;
--bun:split
ALTER TABLE users DROP COLUMN IF EXISTS is_operator;
