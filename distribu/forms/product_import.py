"""The form that takes a CSV file."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired


class UploadForm(FlaskForm):
    """The file of an import; what is in it is read afterwards."""

    file = FileField("CSV file", [FileRequired("Select a file.")])
