"""The receipt of an image: sentences for the merchant about what publishing has changed."""

from ..http.template_filters import byte_size
from ..images.decoding.wire import Facts, Size
from ..models import Image

# IPTC's terms for images made with AI, entirely or in part.
MADE_WITH_AI = (
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
    "compositeSynthetic",
)


def receipt(image: Image) -> list[str]:
    """Return the sentences of an image's receipt; none for an image of an older release."""
    facts = image.facts
    if not facts:
        return []
    said = ["Turned upright."] if facts["turned"] else []
    if removed := _removed(facts):
        said.append(removed)
    if facts["converted_from"]:
        said.append(f"Colors converted from {facts['converted_from']}.")
    if facts["frames"] > 1:
        said.append(f"Animation: {facts['frames']} frames kept.")
    if facts["label_kept"]:
        is_ai = image.digital_source_type in MADE_WITH_AI
        said.append("Marked as made with AI." if is_ai else "The label of how it was made is kept.")
    return [*said, _sizes(facts["original"], facts["published"])]


def _removed(facts: Facts) -> str:
    names = {"location": facts["location_removed"], "camera data": facts["camera_removed"]}
    removed = " and ".join(name for name, was_there in names.items() if was_there)
    return f"{removed.capitalize()} removed." if removed else ""


def _sizes(original: Size, published: Size) -> str:
    before, now = byte_size(original["byte_size"]), byte_size(published["byte_size"])
    if original["width_px"] == published["width_px"]:
        return f"{before}, now {now}."
    sizes = (f"{one['width_px']:,} x {one['height_px']:,} px" for one in (original, published))
    before_px, now_px = sizes
    return f"{before_px} and {before}, now {now_px} and {now}."
