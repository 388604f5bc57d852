-- Which process holds the instance's connection to WhatsApp, for providers without a server.
ALTER TABLE lanes ADD COLUMN host TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE lanes ADD COLUMN host_until INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE lanes ADD COLUMN host_fence INTEGER NOT NULL DEFAULT 0;
--bun:split
-- When a session that had fallen silent was restarted.
ALTER TABLE whatsapp_instances ADD COLUMN restarted_at INTEGER NOT NULL DEFAULT 0;
--bun:split
CREATE INDEX IF NOT EXISTS whatsapp_instances_provider ON whatsapp_instances (provider) WHERE provisioned;
--bun:split
-- What is asked of the process that can do it, and its answer: the last of each kind.
CREATE TABLE IF NOT EXISTS session_calls (
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    op          TEXT    NOT NULL,
    session     TEXT    NOT NULL,
    argument    TEXT    NOT NULL,
    asked_at    INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    answer      TEXT    NOT NULL,
    fault       TEXT    NOT NULL,
    PRIMARY KEY (user_id, op)
) STRICT;
--bun:split
CREATE INDEX IF NOT EXISTS session_calls_waiting ON session_calls (asked_at) WHERE answered_at = 0;
