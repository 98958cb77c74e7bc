DROP TABLE like_switches;
