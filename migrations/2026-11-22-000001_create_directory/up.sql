-- Who is in which community with which role, and which courses exist: learned from events.
-- A *_change column holds the newest change that set the columns before it, so that older ones are known as such:
-- {"sequence", "occurred_at", "claimed_at", "event_id", "receipts"}.

CREATE TABLE communities (
    community_id UUID PRIMARY KEY,
    name TEXT,
    name_change JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE community_members (
    community_id UUID NOT NULL,
    user_id UUID NOT NULL,
    is_present BOOLEAN NOT NULL,
    display_name TEXT,
    avatar_url TEXT,
    presence_change JSONB,
    role VARCHAR(10) NOT NULL,
    role_change JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, user_id)
);

CREATE TABLE courses (
    community_id UUID NOT NULL,
    course_id UUID NOT NULL,
    is_listed BOOLEAN NOT NULL,
    title TEXT,
    listing_change JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (community_id, course_id)
);

-- Finds the community of a lesson whose event names only the course.
CREATE INDEX courses_course_id ON courses (course_id);
