"""Validation of a decoding child's answers before the server uses them.

A child that a hostile file has taken over may answer anything; the worst that can come of it is
an image other than the one in the file.
"""

import fcntl
import os
import re
import stat
from dataclasses import fields, replace

from .policies import CONTENT_TYPES, REFUSALS, ImagePolicy, refusal
from .probe import ImageInfo
from .side_data import SOURCE_TYPES
from .wire import (
    BadMessage,
    Derivative,
    Done,
    Facts,
    Message,
    Publication,
    Size,
    close_all,
)

_PATH = re.compile(r"(v\d{1,6}/[a-z0-9]{1,12}\.(webp|avif|jpg|png|gif)|marketplace\.jpg)?")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_MAX_PX, _MAX_BYTES = 1 << 24, 1 << 30
_LIMITS = {"width_px": _MAX_PX, "height_px": _MAX_PX, "frames": 100_000}
_CLAIMS = ("turned", "location_removed", "camera_removed")
# Sealed like this, neither the bytes nor the length of a file can change any more.
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def raise_refusal(answer: Message, policy: ImagePolicy) -> None:
    """Raise InvalidImage, with our own sentence, if the answer is a refusal."""
    if "invalid" not in answer:
        return
    code = answer["invalid"]
    if not isinstance(code, str) or code not in REFUSALS:
        raise BadMessage("unknown refusal")
    raise refusal(code, policy)


def derivatives(answer: Message, descriptors: list[int]) -> list[Derivative]:
    """Return the files of an answer. Raises BadMessage, with every descriptor closed."""
    try:
        described = answer.get("derivatives")
        if not isinstance(described, list) or len(described) != len(descriptors):
            raise BadMessage("files do not match")
        for one, descriptor in zip(described, descriptors, strict=True):
            _check(one, descriptor)
    except BaseException:
        close_all(descriptors)
        raise
    return [
        Derivative(**one, file=os.fdopen(descriptor, "rb"))
        for one, descriptor in zip(described, descriptors, strict=True)
    ]


def _check(one: object, descriptor: int) -> None:
    names = {field.name for field in fields(Derivative)} - {"file"}
    if not isinstance(one, dict) or set(one) != names:
        raise BadMessage("another shape of a file")
    if not isinstance(one["path"], str) or not _PATH.fullmatch(one["path"]):
        raise BadMessage("another path")
    if not isinstance(one["format"], str) or (
        CONTENT_TYPES.get(one["format"], "") != one["content_type"]
    ):
        raise BadMessage("another format")
    numbers = [(one["width_px"], _MAX_PX), (one["height_px"], _MAX_PX)]
    _check_numbers([*numbers, (one["byte_size"], _MAX_BYTES)])
    _check_file(descriptor, one["byte_size"])


def _check_file(descriptor: int, byte_size: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise BadMessage("no file")
    try:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as error:
        raise BadMessage("a file that can change") from error
    if os.fstat(descriptor).st_size != byte_size:
        raise BadMessage("another size")
    os.lseek(descriptor, 0, os.SEEK_SET)


def _check_numbers(pairs: list[tuple[object, int]]) -> None:
    for number, most in pairs:
        if type(number) is not int or not 1 <= number <= most:
            raise BadMessage("another number")


def publication(answer: Message, asked: ImageInfo, made: list[Derivative]) -> Publication:
    """Return all that makes an image READY, from the answer. Raises BadMessage."""
    if len(made) != 2 or made[0].path or not made[1].path:
        raise BadMessage("another set of files")
    info, label = _info(answer, asked), answer.get("label")
    if label is not None and (not isinstance(label, str) or label not in SOURCE_TYPES):
        raise BadMessage("unknown label")
    stable, thumbnail = made
    facts: Facts = {
        **_done(answer),
        "original": _size(info.width_px, info.height_px, asked.byte_size),
        "published": _size(stable.width_px, stable.height_px, stable.byte_size),
        "frames": info.frames,
        "label_kept": label is not None and stable.format != "GIF",
    }
    return Publication(info, stable, thumbnail, _color(answer), facts, label)


def _size(width_px: int, height_px: int, byte_size: int) -> Size:
    return {"width_px": width_px, "height_px": height_px, "byte_size": byte_size}


def _done(answer: Message) -> Done:
    told = answer.get("done")
    if not isinstance(told, dict) or set(told) != {*_CLAIMS, "converted_from"}:
        raise BadMessage("another shape of facts")
    name = told["converted_from"]
    is_name = name is None or (isinstance(name, str) and len(name) <= 60 and name.isprintable())
    if not is_name or any(type(told[claim]) is not bool for claim in _CLAIMS):
        raise BadMessage("other facts")
    return Done(
        turned=told["turned"],
        location_removed=told["location_removed"],
        camera_removed=told["camera_removed"],
        converted_from=name,
    )


def _info(answer: Message, asked: ImageInfo) -> ImageInfo:
    """Return the header's facts, updated with those found by decoding."""
    told = answer.get("info")
    if not isinstance(told, dict) or not _LIMITS.keys() <= told.keys():
        raise BadMessage("another shape of an image")
    _check_numbers([(told[name], most) for name, most in _LIMITS.items()])
    return replace(asked, **{name: told[name] for name in _LIMITS})


def _color(answer: Message) -> str:
    told = answer.get("color")
    if not isinstance(told, str) or not _COLOR.fullmatch(told):
        raise BadMessage("no color")
    return told
