DROP TABLE point_transactions;
