-- What members are found by and listed by: the name that is shown of them, in folded case, compared byte by byte. The program
-- writes it with each change; here it is made of what is stored, as well as the database's own rules of case can.
ALTER TABLE community_members ADD COLUMN search_name TEXT COLLATE "C" NOT NULL DEFAULT 'member';
UPDATE community_members SET search_name = left(lower(display_name), 100) WHERE display_name IS NOT NULL;

CREATE INDEX community_members_search_name ON community_members (community_id, search_name, user_id) WHERE is_present;
