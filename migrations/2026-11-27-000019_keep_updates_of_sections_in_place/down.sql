ALTER TABLE leaderboard_sections RESET (fillfactor);
