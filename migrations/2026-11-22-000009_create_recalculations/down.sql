DROP TABLE recalculations;
