DROP TABLE IF EXISTS send_logs;
--bun:split
DROP TABLE IF EXISTS lanes;
--bun:split
DROP TABLE IF EXISTS deliveries;
--bun:split
DROP TABLE IF EXISTS offers;
--bun:split
DROP TABLE IF EXISTS inbox;
--bun:split
DROP TABLE IF EXISTS affiliate_tags;
--bun:split
DROP TABLE IF EXISTS group_destinations;
--bun:split
DROP TABLE IF EXISTS group_sources;
--bun:split
DROP TABLE IF EXISTS whatsapp_instances;
--bun:split
DROP TABLE IF EXISTS users;
