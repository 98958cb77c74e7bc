DROP TABLE leaderboard_sections;
DROP TABLE leaderboard_entries;
DROP TABLE leaderboard_progress;
ALTER TABLE community_members DROP COLUMN profile_change;
ALTER TABLE community_members DROP COLUMN is_listed;
ALTER TABLE community_members DROP COLUMN xid;
DROP INDEX point_transactions_occurred_at;
ALTER TABLE point_transactions DROP COLUMN xid;
