DO $$ BEGIN

-- A community's rules stand beside its levels, in the row that awards lock anyway: no award reads a row more for them.
ALTER TABLE level_configurations
    -- {"rules", "exclude_admins"}, with one of {"source", "points", "daily_cap", "per_pair_daily_cap", "daily_since",
    -- "per_pair_since"} for each source; NULL for the defaults.
    ADD COLUMN rules JSONB,
    ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 1 CHECK (rules_version >= 1);

-- By which version of the rules an entry was judged. An award that is worth more than its points, or worth nothing, says in
-- requested_points what it is worth.
ALTER TABLE point_transactions ADD COLUMN rules_version INTEGER NOT NULL DEFAULT 1;

-- What a like has earned while it stands; all that were given until now have earned 1.
ALTER TABLE like_switches ADD COLUMN points INTEGER NOT NULL DEFAULT 1 CHECK (points >= 0);

-- But for those of rules that were here before, and that an older version has not changed since.
IF to_regclass('likes_of_other_points') IS NOT NULL THEN
    UPDATE like_switches AS s SET points = kept.points FROM likes_of_other_points AS kept
    WHERE s.community_id = kept.community_id AND s.content_kind = kept.content_kind AND s.content_id = kept.content_id
      AND s.liker_id = kept.liker_id AND s.newest_change -> 'event_id' = kept.newest_change -> 'event_id';
    DROP TABLE likes_of_other_points;
END IF;

-- What members have earned by the day, as far as caps go by it: derived from the ledger, and kept so that no award adds up
-- others. The lock on the member's points is theirs, too.
CREATE TABLE tallies (
    community_id UUID NOT NULL,
    member_points_id UUID NOT NULL,
    day DATE NOT NULL,
    source VARCHAR(30) NOT NULL,
    -- Whose likes it was earned by; the nil UUID for the sum of all.
    liker_id UUID NOT NULL,
    -- The version of the rules that brought the cap. A tally of another one is not followed any more.
    counted_since INTEGER NOT NULL,
    earned INTEGER NOT NULL CHECK (earned >= 0),
    PRIMARY KEY (community_id, member_points_id, day, source, liker_id)
) WITH (fillfactor = 80);

-- Every version of levels and rules but the first, which are the defaults: who made it, and when.
CREATE TABLE configuration_versions (
    community_id UUID NOT NULL,
    kind VARCHAR(10) NOT NULL CHECK (kind IN ('levels', 'rules')),
    version INTEGER NOT NULL CHECK (version >= 2),
    -- As level_configurations has it.
    content JSONB NOT NULL,
    -- NULL where it was not noted.
    changed_by UUID,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, kind, version)
);
INSERT INTO configuration_versions (community_id, kind, version, content, changed_at)
SELECT community_id, 'levels', version, levels, updated_at FROM level_configurations WHERE version > 1;

END $$;
