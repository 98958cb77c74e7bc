DROP INDEX community_members_without_search_name;
DROP INDEX community_members_search_name;
ALTER TABLE community_members DROP COLUMN search_name;
