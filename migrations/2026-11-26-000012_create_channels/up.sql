-- Each channel that outgoing events leave through has its own deliveries, failures and lease, so that no channel takes
-- events from another, and no event is deleted that a registered channel still has to deliver.

-- The same word as wherever else an event is named. It is also a fence: a server of an older version, which would write
-- events that no channel gets, fails.
ALTER TABLE outbox RENAME COLUMN id TO event_id;

-- A reference table: a handful of rows, without a community.
CREATE TABLE channels (
    name VARCHAR(30) PRIMARY KEY,
    -- Stands for the name in the rows of deliveries, and in the advisory lock that is the lease.
    id INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    registered_at TIMESTAMPTZ NOT NULL
);

-- What a channel still has to deliver: written by the statement that writes the event, deleted once it is delivered.
CREATE TABLE deliveries (
    community_id UUID NOT NULL,
    event_id UUID NOT NULL,
    channel_id INTEGER NOT NULL,
    -- The event's, so that what is next is found without looking at events.
    member_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (community_id, event_id, channel_id)
);

CREATE INDEX deliveries_next ON deliveries (channel_id, sequence);

-- Members whose next event a channel could not deliver: their later ones wait behind it, those of others don't.
CREATE TABLE delivery_failures (
    community_id UUID NOT NULL,
    member_id UUID NOT NULL,
    channel_id INTEGER NOT NULL,
    event_id UUID NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    attempted_at TIMESTAMPTZ NOT NULL,
    retry_at TIMESTAMPTZ NOT NULL,
    -- Set once it was given up; an operator releases it.
    parked_at TIMESTAMPTZ,
    cause TEXT NOT NULL,
    PRIMARY KEY (community_id, member_id, channel_id)
);

-- Until now there was one receiver at most, the webhook. Whether there was one, only what it was sent, or could not be
-- sent, can say. Where nothing was ever sent, the first channel that is registered gets all events that are kept.
INSERT INTO channels (name, registered_at)
SELECT 'webhook', now()
WHERE EXISTS (SELECT FROM outbox WHERE delivered_at IS NOT NULL) OR EXISTS (SELECT FROM outbox_setbacks);

INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
SELECT outbox.community_id, outbox.event_id, channels.id, outbox.member_id, outbox.sequence
FROM outbox CROSS JOIN channels WHERE outbox.delivered_at IS NULL;

INSERT INTO delivery_failures
    (community_id, member_id, channel_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
SELECT community_id, member_id, channels.id, event_id, failures, attempted_at, retry_at, parked_at, cause
FROM outbox_setbacks CROSS JOIN channels;

DROP TABLE outbox_setbacks;
DROP INDEX outbox_pending;
DROP INDEX outbox_delivered;
ALTER TABLE outbox DROP COLUMN delivered_at;
CREATE INDEX outbox_sequence ON outbox (sequence);
