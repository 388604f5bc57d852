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
