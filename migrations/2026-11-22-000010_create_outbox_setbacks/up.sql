-- Delivering what is in the outbox.

ALTER TABLE outbox ADD COLUMN delivered_at TIMESTAMPTZ;

-- What is still to be delivered, and what may be forgotten.
DROP INDEX outbox_sequence;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE delivered_at IS NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;

-- Members whose next event was not taken: their later ones wait behind it, those of others don't.
CREATE TABLE outbox_setbacks (
    community_id UUID NOT NULL,
    member_id UUID NOT NULL,
    event_id UUID NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    attempted_at TIMESTAMPTZ NOT NULL,
    retry_at TIMESTAMPTZ NOT NULL,
    -- Set once it was given up; an operator releases it.
    parked_at TIMESTAMPTZ,
    cause TEXT NOT NULL,
    PRIMARY KEY (community_id, member_id)
);
