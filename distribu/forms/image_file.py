"""Validators of an image field, which check the file's header before anything is decoded.

The live preview and Save use the same pair. Errors that only decoding
reveals are raised by stage(), and become errors of the field too.
"""

from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import Field, Form, ValidationError
from wtforms.validators import StopValidation

from ..images.decoding.policies import ImagePolicy, InvalidImage
from ..images.decoding.probe import ImageInfo, probe


def examined(field: Field, policy: ImagePolicy) -> ImageInfo:
    """Read the header of the field's file, once for all validators and for Save.

    Raises InvalidImage.
    """
    known = getattr(field, "_examined", None)
    if known is None or known[0] is not field.data:
        try:
            known = (field.data, probe(field.data.stream, policy))
        except InvalidImage as error:
            known = (field.data, error)
        field._examined = known  # type: ignore[attr-defined]
    if isinstance(known[1], InvalidImage):
        raise known[1]
    return known[1]


NO_FILENAME = "The file has no name, so it was not taken. Give it a name and choose it again."


class NamedFileField(FileField):
    """A file field that refuses a file without a filename, which flask_wtf would ignore.

    If no file was chosen, a browser sends an empty name and no bytes.
    """

    def process_formdata(self, valuelist: list) -> None:
        super().process_formdata(valuelist)
        if self.data is None and any(map(_has_bytes, valuelist)):
            raise ValueError(NO_FILENAME)


def _has_bytes(part: FileStorage | str) -> bool:
    if isinstance(part, str):
        return part != ""
    has_bytes = part.stream.read(1) != b""
    part.stream.seek(0)
    return has_bytes


class ImageFormat:
    """Check that the file has one of the policy's formats, regardless of its name."""

    codes = frozenset({"empty", "format"})

    def __init__(self, policy: ImagePolicy):
        self.policy = policy

    def __call__(self, form: Form, field: Field) -> None:
        if not field.data:
            return
        try:
            examined(field, self.policy)
        except InvalidImage as error:
            self._refuse(error)

    def _refuse(self, error: InvalidImage) -> None:
        if error.code in self.codes:
            # Skip ImageSize for a file that is not an image.
            raise StopValidation(error.message) from error


class ImageSize(ImageFormat):
    """Check that the file keeps the policy's limits on bytes, pixels and frames."""

    def _refuse(self, error: InvalidImage) -> None:
        if error.code not in super().codes:
            raise ValidationError(error.message) from error
