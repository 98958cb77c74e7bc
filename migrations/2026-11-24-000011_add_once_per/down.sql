DROP INDEX point_transactions_once;
ALTER TABLE point_transactions DROP COLUMN once_per;

CREATE UNIQUE INDEX point_transactions_once_per_content ON point_transactions (community_id, source, source_id)
    WHERE source IN ('post_created', 'comment_created');
CREATE UNIQUE INDEX point_transactions_once_per_member
    ON point_transactions (community_id, member_points_id, source, source_id)
    WHERE source = 'lesson_completed';
