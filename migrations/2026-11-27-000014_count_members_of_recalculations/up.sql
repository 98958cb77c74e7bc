-- How far leveling a community's members up has come, for those who wait for it. The total is counted by the first chunk
-- that does not reach all of them: nobody waits for longer than one chunk before that.
ALTER TABLE recalculations
    ADD COLUMN members_done BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN members_total BIGINT,
    ADD CONSTRAINT recalculations_members CHECK (members_done >= 0 AND members_total >= 0);
