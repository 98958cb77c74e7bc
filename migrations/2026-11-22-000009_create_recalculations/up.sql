-- Changes of thresholds whose members are still being lifted, in order of their user ids. Whichever server finds one
-- goes on with it.
CREATE TABLE recalculations (
    community_id UUID NOT NULL,
    id UUID NOT NULL,
    -- The first member who was not looked at yet.
    next_user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id),
    CONSTRAINT recalculations_one_at_a_time UNIQUE (community_id)
);
