"""The blueprint that the views of this room belong to."""

from flask import Blueprint

bp = Blueprint("inventory", __name__, url_prefix="/dashboard/inventory")
