ALTER TABLE recalculations
    DROP CONSTRAINT recalculations_members,
    DROP COLUMN members_done,
    DROP COLUMN members_total;
