"""The WTForms validators of an image field: what the header tells, before anything is decoded.

The same pair stands behind the live preview and behind Save. What only
decoding shows is found by stage(), and becomes the field's error too.
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
    """A file field that refuses bytes without a filename; flask_wtf passes over them.

    A browser sends an empty name and no bytes where no file was chosen.
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
    """The file is one of the policy's formats, whatever its name claims."""

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
            # A size says nothing about a file that is no image.
            raise StopValidation(error.message) from error


class ImageSize(ImageFormat):
    """The file keeps within the policy's limits of bytes, pixels and frames."""

    def _refuse(self, error: InvalidImage) -> None:
        if error.code not in super().codes:
            raise ValidationError(error.message) from error
