DROP TABLE IF EXISTS session_calls;
--bun:split
DROP INDEX IF EXISTS whatsapp_instances_provider;
--bun:split
ALTER TABLE whatsapp_instances DROP COLUMN IF EXISTS restarted_at;
--bun:split
REVOKE SELECT (provider, provisioned) ON whatsapp_instances FROM autopromo_directory;
--bun:split
ALTER TABLE lanes DROP COLUMN IF EXISTS host_fence;
--bun:split
ALTER TABLE lanes DROP COLUMN IF EXISTS host_until;
--bun:split
ALTER TABLE lanes DROP COLUMN IF EXISTS host;
