-- Nothing reads these, and each award's update of a member had to write them, on other pages than the member's.
DROP INDEX member_points_level;
DROP INDEX member_points_total;

-- Rows that every award updates find room for their next version on the page where they are. It takes effect as pages are
-- written anew.
ALTER TABLE member_points SET (fillfactor = 90);
ALTER TABLE like_switches SET (fillfactor = 90);
ALTER TABLE level_counts SET (fillfactor = 50);
