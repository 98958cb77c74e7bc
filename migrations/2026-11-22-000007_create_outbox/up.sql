-- Domain events on their way out, written in the transaction that caused them.
CREATE TABLE outbox (
    community_id UUID NOT NULL,
    -- The event's id wherever it is delivered.
    id UUID NOT NULL,
    -- Rises per member: it is given while the member is locked.
    sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    member_id UUID NOT NULL,
    event_type VARCHAR(30) NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id)
);

CREATE INDEX outbox_sequence ON outbox (sequence);
