ALTER TABLE level_counts RESET (fillfactor);
ALTER TABLE like_switches RESET (fillfactor);
ALTER TABLE member_points RESET (fillfactor);
CREATE INDEX member_points_total ON member_points (community_id, total_points DESC);
CREATE INDEX member_points_level ON member_points (community_id, current_level);
