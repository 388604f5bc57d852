ALTER TABLE whatsapp_instances ADD COLUMN caught_up_at INTEGER NOT NULL DEFAULT 0;
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
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    keys_print TEXT    NOT NULL
) STRICT;
