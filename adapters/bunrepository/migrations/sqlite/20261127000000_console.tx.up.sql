ALTER TABLE group_sources ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0;
--bun:split
-- What a listener is told of: the latest changes of one tenant.
CREATE INDEX IF NOT EXISTS offers_changed ON offers (user_id, updated_at, id);
--bun:split
CREATE INDEX IF NOT EXISTS deliveries_changed ON deliveries (user_id, updated_at, id);
