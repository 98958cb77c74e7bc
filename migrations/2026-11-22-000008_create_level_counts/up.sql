-- How many present members each level of a community has: kept in the transactions that change it, so that the
-- distribution costs the same in a community of any size.
CREATE TABLE level_counts (
    community_id UUID NOT NULL,
    level SMALLINT NOT NULL CHECK (level BETWEEN 1 AND 9),
    members BIGINT NOT NULL CHECK (members >= 0),
    PRIMARY KEY (community_id, level)
);

-- Whether the member counts: the same as community_members.is_present, but under the lock that awards take.
ALTER TABLE member_points ADD COLUMN is_present BOOLEAN NOT NULL DEFAULT false;

UPDATE member_points AS p SET is_present = true
FROM community_members AS m
WHERE m.community_id = p.community_id AND m.user_id = p.user_id AND m.is_present;

INSERT INTO level_counts (community_id, level, members)
SELECT community_id, current_level, COUNT(*) FROM member_points WHERE is_present GROUP BY community_id, current_level;
