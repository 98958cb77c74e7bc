CREATE TABLE member_points (
    community_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    total_points INTEGER NOT NULL CHECK (total_points >= 0),
    current_level SMALLINT NOT NULL CHECK (current_level BETWEEN 1 AND 9),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id),
    CONSTRAINT member_points_one_per_user UNIQUE (community_id, user_id)
);

CREATE INDEX member_points_level ON member_points (community_id, current_level);
CREATE INDEX member_points_total ON member_points (community_id, total_points DESC);
