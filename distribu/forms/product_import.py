"""The form for uploading a CSV file."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired


class UploadForm(FlaskForm):
    """The file of an import; its content is checked afterwards."""

    file = FileField("CSV file", [FileRequired("Select a file.")])
