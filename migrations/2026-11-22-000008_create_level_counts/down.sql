ALTER TABLE member_points DROP COLUMN is_present;
DROP TABLE level_counts;
