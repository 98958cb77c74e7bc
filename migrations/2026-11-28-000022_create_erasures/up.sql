-- Members are erased: their platform's id is replaced by one that leads to nobody.
DO $$ BEGIN
    -- What ids are hashed with, made with the first erasure of a community: where it is NULL, nobody was erased, and awards
    -- look no further.
    ALTER TABLE level_configurations ADD COLUMN erasure_key BYTEA;

    -- Who was erased, for ever: facts about them have no effect. Nothing leads from here to what is left of them.
    CREATE TABLE erased_members (
        community_id UUID NOT NULL,
        -- HMAC-SHA256 of the id with the community's key.
        user_hash BYTEA NOT NULL,
        erased_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (community_id, user_hash)
    );

    -- Ids that tables without an index by user may still hold. A row goes as soon as a sweep has replaced its id everywhere.
    CREATE TABLE erasures (
        community_id UUID NOT NULL,
        user_id UUID NOT NULL,
        pseudonym UUID NOT NULL,
        -- Whose entries of the ledger are theirs; NULL for who never had points.
        member_points_id UUID,
        -- Whether the sweep that is under way has begun after it: only such a one has looked everywhere.
        is_in_sweep BOOLEAN NOT NULL DEFAULT false,
        PRIMARY KEY (community_id, user_id)
    );

    CREATE INDEX erasures_member_points ON erasures (community_id, member_points_id);

    -- Sweeps that are under way. Whichever server finds one goes on with it.
    CREATE TABLE erasure_sweeps (
        community_id UUID PRIMARY KEY,
        stage VARCHAR(12) NOT NULL CHECK (stage IN ('leaderboards', 'outbox', 'ledger', 'likes', 'tallies')),
        -- The key of the last row of the stage's table that was looked at.
        after_kind VARCHAR(10) NOT NULL,
        after_id UUID NOT NULL,
        after_user_id UUID NOT NULL,
        began_at TIMESTAMPTZ NOT NULL
    );
END $$;
