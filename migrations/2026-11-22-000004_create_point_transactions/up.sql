-- The ledger: append-only, and member_points.total_points is the sum of its points.
CREATE TABLE point_transactions (
    community_id UUID NOT NULL,
    id UUID NOT NULL,
    member_points_id UUID NOT NULL,
    points INTEGER NOT NULL CHECK (points <> 0),
    source VARCHAR(30) NOT NULL,
    source_id UUID NOT NULL,
    actor_id UUID NOT NULL,
    event_id TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id),
    FOREIGN KEY (community_id, member_points_id) REFERENCES member_points (community_id, id)
);

CREATE INDEX point_transactions_of_member ON point_transactions (community_id, member_points_id, created_at DESC);

-- A post or a comment is awarded once, whomever an event names as its author; a lesson once for each member.
-- (Likes are not here: a like may be given and taken back again and again, and its switch sees to it.)
CREATE UNIQUE INDEX point_transactions_once_per_content ON point_transactions (community_id, source, source_id)
    WHERE source IN ('post_created', 'comment_created');
CREATE UNIQUE INDEX point_transactions_once_per_member
    ON point_transactions (community_id, member_points_id, source, source_id)
    WHERE source = 'lesson_completed';
