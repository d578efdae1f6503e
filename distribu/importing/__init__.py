"""Products from a CSV file: what was read, what it would change, and the one transaction.

reading   a table under a mapping -> rows that keep the rules, or errors by line and column
planning  rows against the catalog -> what would be created and updated, and which images go
writing   a plan into the database, set-wise
jobs      the ImportJob from its preview to its end, in the queue's worker

What is written is what the preview showed: planning is repeated under the
lock of the one transaction, and a plan that has become another one is
refused with nothing written.
"""
