-- One switch for each like; the newest change wins.
CREATE TABLE like_switches (
    community_id UUID NOT NULL,
    content_kind VARCHAR(10) NOT NULL CHECK (content_kind IN ('post', 'comment')),
    content_id UUID NOT NULL,
    liker_id UUID NOT NULL,
    -- Who holds the like's point; NULL while the like does not stand.
    author_id UUID,
    -- {"sequence", "occurred_at", "claimed_at", "event_id", "receipts"}
    newest_change JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, content_kind, content_id, liker_id)
);
