DO $$ BEGIN
    -- What a sweep has still to rename would keep the ids of the erased for ever.
    IF EXISTS (SELECT FROM erasures) OR EXISTS (SELECT FROM erasure_sweeps) THEN
        RAISE EXCEPTION 'members are still being erased: let a server of this version run until its log says "erased members swept"';
    END IF;
    DROP TABLE erasure_sweeps;
    DROP TABLE erasures;
    DROP TABLE erased_members;
    ALTER TABLE level_configurations DROP COLUMN erasure_key;
END $$;
