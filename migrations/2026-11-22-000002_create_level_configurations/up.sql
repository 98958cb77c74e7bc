CREATE TABLE level_configurations (
    community_id UUID NOT NULL,
    id UUID NOT NULL,
    -- Nine of {"level", "name", "threshold"}, level 1 first.
    levels JSONB NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id),
    CONSTRAINT level_configurations_one_per_community UNIQUE (community_id)
);
