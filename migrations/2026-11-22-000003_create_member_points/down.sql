DROP TABLE member_points;
