-- Leaderboards are a projection: derived from the ledger and the directory in the order of commits, by one process at a
-- time, and never written by the transactions that award points.

-- Which transaction wrote a row. A number is given when a transaction first writes, and commits come in another order: the
-- projection takes those below the smallest number that is still open. Rows that exist have none, and come with the first
-- build. (Two steps: a default that is added together with its column would rewrite the table.)
ALTER TABLE point_transactions ADD COLUMN xid BIGINT;
ALTER TABLE point_transactions ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX point_transactions_xid ON point_transactions (xid) WHERE xid IS NOT NULL;

-- What leaves a window.
CREATE INDEX point_transactions_occurred_at ON point_transactions (occurred_at);

ALTER TABLE community_members ADD COLUMN xid BIGINT;
ALTER TABLE community_members ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX community_members_xid ON community_members (xid) WHERE xid IS NOT NULL;

-- The profile follows a newest change of its own; where there is none yet, that of the presence set it.
ALTER TABLE community_members ADD COLUMN is_listed BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE community_members ADD COLUMN profile_change JSONB;

-- How far the projection has come: one row, which is locked by the process that carries it on.
CREATE TABLE leaderboard_progress (
    is_only BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Rows of transactions below it are in the boards; NULL while they have never been built.
    xid BIGINT,
    -- What occurred before is in no window.
    seven_day_start TIMESTAMPTZ,
    thirty_day_start TIMESTAMPTZ,
    -- All that was committed before this moment is in the boards.
    complete_until TIMESTAMPTZ,
    -- All that was committed before the second moment is in them once the first number is reached.
    next_xid BIGINT,
    next_complete_until TIMESTAMPTZ,
    -- What the boards were built by, and where: a restored backup goes on elsewhere, with other numbers.
    layout INTEGER,
    system_identifier BIGINT
);
INSERT INTO leaderboard_progress DEFAULT VALUES;

-- A member's points in each window, and their place among those with equal points.
CREATE TABLE leaderboard_entries (
    community_id UUID NOT NULL,
    user_id UUID NOT NULL,
    -- The key of their name in the order of boards.
    sort_name BYTEA NOT NULL,
    -- Whether they are on the boards: present, and not hidden.
    is_listed BOOLEAN NOT NULL,
    -- Sums of the ledger; what is taken back in a window may be more than what was given in it.
    seven_day BIGINT NOT NULL,
    thirty_day BIGINT NOT NULL,
    all_time BIGINT NOT NULL,
    PRIMARY KEY (community_id, user_id)
);

CREATE INDEX leaderboard_entries_seven_day
    ON leaderboard_entries (community_id, (-GREATEST(seven_day, 0)), sort_name, user_id) WHERE is_listed;
CREATE INDEX leaderboard_entries_thirty_day
    ON leaderboard_entries (community_id, (-GREATEST(thirty_day, 0)), sort_name, user_id) WHERE is_listed;
CREATE INDEX leaderboard_entries_all_time
    ON leaderboard_entries (community_id, (-GREATEST(all_time, 0)), sort_name, user_id) WHERE is_listed;

-- Each board in sections of some thousand members, by the place of the first: a rank is the members of the sections before,
-- and those before in the own one.
CREATE TABLE leaderboard_sections (
    community_id UUID NOT NULL,
    board VARCHAR(10) NOT NULL,
    -- Points with a minus, so that the order of the board is that of the key.
    place BIGINT NOT NULL,
    sort_name BYTEA NOT NULL,
    user_id UUID NOT NULL,
    members BIGINT NOT NULL CHECK (members >= 0),
    PRIMARY KEY (community_id, board, place, sort_name, user_id)
);
