DO $$ BEGIN
    DROP TABLE erasure_sweeps;
    DROP TABLE erasures;
    DROP TABLE erased_members;
    ALTER TABLE level_configurations DROP COLUMN erasure_key;
END $$;
