DROP TABLE level_configurations;
