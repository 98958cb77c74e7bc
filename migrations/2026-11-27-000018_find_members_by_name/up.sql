-- What members are found by and listed by: the name that is shown of them, in folded case, compared byte by byte. The program
-- folds case, as no database does alike: it writes the column with each change, and fills it for those who are here already
-- (NULL) beside its other work. (Two steps: a default that is added together with its column would count for them too.)
ALTER TABLE community_members ADD COLUMN search_name TEXT COLLATE "C";
ALTER TABLE community_members ALTER COLUMN search_name SET DEFAULT 'member';

CREATE INDEX community_members_search_name ON community_members (community_id, search_name, user_id) WHERE is_present;
CREATE INDEX community_members_without_search_name ON community_members (community_id, user_id) WHERE search_name IS NULL;
