-- Each award says among which awards it is the only one, so that one index guards every rule and the rule itself stands
-- in the program alone: the nil UUID for one award of the content, the member's user id for one of each member, NULL for
-- what may be repeated and for deductions.
--
-- The values for the rows that exist are those of the rules until now, and of adjustments where a newer version has been here
-- before: what was given or taken under a key is not given or taken again. A column that is added empty and then retyped with
-- USING is filled by one rewrite of the table, which also builds its indexes anew: several times as fast as an UPDATE.
DROP INDEX point_transactions_once_per_content;
DROP INDEX point_transactions_once_per_member;

ALTER TABLE point_transactions ADD COLUMN once_per UUID;
ALTER TABLE point_transactions ALTER COLUMN once_per TYPE UUID USING
    CASE
        WHEN points < 0 AND source <> 'manual_adjustment' THEN NULL
        WHEN source IN ('post_created', 'comment_created', 'manual_adjustment') THEN '00000000-0000-0000-0000-000000000000'::uuid
        -- Who completed a lesson is who earned its points.
        WHEN source = 'lesson_completed' THEN actor_id
    END;

CREATE UNIQUE INDEX point_transactions_once ON point_transactions (community_id, source, source_id, once_per)
    WHERE once_per IS NOT NULL;
