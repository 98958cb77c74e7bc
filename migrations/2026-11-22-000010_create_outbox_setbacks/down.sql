DROP TABLE outbox_setbacks;
DROP INDEX outbox_delivered;
DROP INDEX outbox_pending;
CREATE INDEX outbox_sequence ON outbox (sequence);
ALTER TABLE outbox DROP COLUMN delivered_at;
