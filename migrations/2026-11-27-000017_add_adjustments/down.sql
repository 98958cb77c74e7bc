-- They change no total. (Adjustments that did stay, under their keys.)
DELETE FROM point_transactions WHERE points = 0;
ALTER TABLE point_transactions DROP CONSTRAINT point_transactions_points_check;
ALTER TABLE point_transactions ADD CONSTRAINT point_transactions_points_check CHECK (points <> 0);
ALTER TABLE point_transactions DROP COLUMN reason;
ALTER TABLE point_transactions DROP COLUMN requested_points;
