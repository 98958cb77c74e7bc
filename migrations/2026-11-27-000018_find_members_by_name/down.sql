DROP INDEX community_members_search_name;
ALTER TABLE community_members DROP COLUMN search_name;
