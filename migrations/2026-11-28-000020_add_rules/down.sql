DO $$ BEGIN
DROP TABLE configuration_versions;
DROP TABLE tallies;
ALTER TABLE like_switches DROP COLUMN points;
ALTER TABLE point_transactions DROP COLUMN rules_version;
ALTER TABLE level_configurations DROP COLUMN rules, DROP COLUMN rules_version;
END $$;
