"""Import products from a CSV file: read it, preview its changes, write them at once.

reading   a table with a column mapping -> valid rows, or errors by line and column
planning  rows compared with the catalog -> what to create and update, which images go
writing   a plan, written to the database in bulk
jobs      the ImportJob from its preview to its end, run by the queue's worker

Exactly what the preview showed is written: the plan is made again under
the lock of the one transaction, and if it differs, the import is refused
with nothing written.
"""
