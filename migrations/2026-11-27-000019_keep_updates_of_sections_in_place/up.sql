-- While everybody earns, each step of the boards changes the count of nearly every section. With room in their pages the old
-- versions are cleared away by who reads or writes there next; without it, ranks were summed over forty dead rows for each
-- that counts until a vacuum came. (Room is used by rows that come from now on; who was here already moves with its changes.)
ALTER TABLE leaderboard_sections SET (fillfactor = 20);
