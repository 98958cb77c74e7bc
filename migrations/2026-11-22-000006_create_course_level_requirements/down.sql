DROP TABLE course_level_requirements;
