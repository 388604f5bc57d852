DROP INDEX IF EXISTS deliveries_changed;
--bun:split
DROP INDEX IF EXISTS offers_changed;
--bun:split
ALTER TABLE group_sources DROP COLUMN IF EXISTS read_only;
