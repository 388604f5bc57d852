DROP TABLE IF EXISTS session_calls;
--bun:split
DROP INDEX IF EXISTS whatsapp_instances_provider;
--bun:split
ALTER TABLE whatsapp_instances DROP COLUMN restarted_at;
--bun:split
ALTER TABLE lanes DROP COLUMN host_fence;
--bun:split
ALTER TABLE lanes DROP COLUMN host_until;
--bun:split
ALTER TABLE lanes DROP COLUMN host;
