-- A member's history goes by the ids of its entries, which rise under the member's lock: entries of one batch have the same
-- created_at, and a page could not say where among them it ends.
DROP INDEX point_transactions_of_member;
CREATE INDEX point_transactions_of_member ON point_transactions (community_id, member_points_id, id);
