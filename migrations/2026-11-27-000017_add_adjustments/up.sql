-- Adjustments by people: what was asked for, which may be more than there was to take, and why. NULL for everything else.
ALTER TABLE point_transactions ADD COLUMN requested_points INTEGER;
ALTER TABLE point_transactions ADD COLUMN reason TEXT;

-- An adjustment that found nothing to take has an entry all the same: it answers when the request comes again.
ALTER TABLE point_transactions DROP CONSTRAINT point_transactions_points_check;
ALTER TABLE point_transactions ADD CONSTRAINT point_transactions_points_check
    CHECK (points <> 0 OR requested_points IS NOT NULL);

-- Where this version has been here before, there are adjustments already.
UPDATE point_transactions SET requested_points = points, reason = 'The reason was not kept' WHERE source = 'manual_adjustment';
