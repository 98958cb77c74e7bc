DO $$ BEGIN
-- An older version takes any like back as 1 point. What those have earned that are worth something else is kept for the next
-- time that this version comes.
IF EXISTS (SELECT FROM like_switches WHERE author_id IS NOT NULL AND points <> 1) THEN
    CREATE TABLE likes_of_other_points AS
    SELECT community_id, content_kind, content_id, liker_id, points, newest_change FROM like_switches
    WHERE author_id IS NOT NULL AND points <> 1;
END IF;

DROP TABLE configuration_versions;
DROP TABLE tallies;
ALTER TABLE like_switches DROP COLUMN points;
ALTER TABLE point_transactions DROP COLUMN rules_version;
ALTER TABLE level_configurations DROP COLUMN rules, DROP COLUMN rules_version;
END $$;
