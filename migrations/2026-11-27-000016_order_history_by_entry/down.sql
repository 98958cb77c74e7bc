DROP INDEX point_transactions_of_member;
CREATE INDEX point_transactions_of_member ON point_transactions (community_id, member_points_id, created_at DESC);
