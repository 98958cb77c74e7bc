ALTER TABLE outbox RENAME COLUMN event_id TO id;
ALTER TABLE outbox ADD COLUMN delivered_at TIMESTAMPTZ;

-- Delivered is what no channel has to deliver any more, a moment after it happened. Without a channel, nothing is.
UPDATE outbox SET delivered_at = created_at
WHERE EXISTS (SELECT FROM channels)
  AND NOT EXISTS (SELECT FROM deliveries
                  WHERE deliveries.community_id = outbox.community_id AND deliveries.event_id = outbox.id);

DROP INDEX outbox_sequence;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE delivered_at IS NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;

CREATE TABLE outbox_setbacks (
    community_id UUID NOT NULL,
    member_id UUID NOT NULL,
    event_id UUID NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    attempted_at TIMESTAMPTZ NOT NULL,
    retry_at TIMESTAMPTZ NOT NULL,
    parked_at TIMESTAMPTZ,
    cause TEXT NOT NULL,
    PRIMARY KEY (community_id, member_id)
);

-- One receiver is left of all channels: the webhook's failures come first.
INSERT INTO outbox_setbacks (community_id, member_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
SELECT DISTINCT ON (failed.community_id, failed.member_id)
    failed.community_id, failed.member_id, failed.event_id, failed.failures, failed.attempted_at, failed.retry_at,
    failed.parked_at, failed.cause
FROM delivery_failures AS failed JOIN channels ON channels.id = failed.channel_id
ORDER BY failed.community_id, failed.member_id, channels.name = 'webhook' DESC, channels.id;

DROP TABLE delivery_failures;
DROP TABLE deliveries;
DROP TABLE channels;
