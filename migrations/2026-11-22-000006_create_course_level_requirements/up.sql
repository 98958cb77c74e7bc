CREATE TABLE course_level_requirements (
    community_id UUID NOT NULL,
    id UUID NOT NULL,
    course_id UUID NOT NULL,
    minimum_level SMALLINT NOT NULL CHECK (minimum_level BETWEEN 1 AND 9),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, id),
    CONSTRAINT course_level_requirements_one_per_course UNIQUE (community_id, course_id)
);
