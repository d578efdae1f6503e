"""The command group flask db: the commands of Flask-Migrate, and two of our own."""

from flask_migrate.cli import db as database  # type: ignore[import-not-found]

from .database_copy import copy_database
from .refill import refill

for command in (copy_database, refill):
    database.add_command(command)
