"""Decoding of good files, and every refusal that comes before decoding."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from distribu.images.decoding.pixels import opened, read_still
from distribu.images.decoding.policies import (
    COMMERCE,
    CONTENT_TYPES,
    EXTENSIONS,
    MERCHANT,
    PUBLISHED,
    InvalidImage,
)
from distribu.images.decoding.probe import probe
from tests.images import image_files
from tests.images.image_files import jpeg, png

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF"]


def refusal(file, policy=MERCHANT) -> InvalidImage:
    with pytest.raises(InvalidImage) as caught:
        probe(file, policy)
    return caught.value


@pytest.mark.parametrize("format", FORMATS)
def test_probe_reports_format_size_and_bytes(format):
    file = image_files.of_format(format, 64, 48)
    info = probe(file, PUBLISHED)
    assert (info.format, info.width_px, info.height_px) == (format, 64, 48)
    assert (info.frames, info.byte_size) == (1, len(file.getvalue()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_probe_reports_size_as_seen(format, orientation):
    info = probe(image_files.turned(format, orientation, 64, 48), MERCHANT)
    assert (info.width_px, info.height_px) == (64, 48)
    assert info.orientation == orientation


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "GIF"])
def test_probe_counts_frames(format):
    assert probe(image_files.animated(format, 64, 48, 5), PUBLISHED).frames == 5


def test_mpo_is_a_jpeg_of_one_frame():
    info = probe(image_files.mpo(64, 48), MERCHANT)
    assert (info.format, info.frames, info.width_px) == ("JPEG", 1, 64)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}])
def test_lossless_webp_is_told_apart(options):
    assert probe(image_files.webp(64, 48, **options), MERCHANT).is_lossless is options["lossless"]


def test_published_sentences_to_the_letter():
    assert MERCHANT.format_sentence == "Only JPG, PNG, WebP, and AVIF images are allowed."
    assert MERCHANT.byte_size_sentence == "Image too large. Maximum size is 5 MB."
    assert MERCHANT.pixels_sentence == "Image dimensions too large. Maximum is 60 megapixels."
    assert COMMERCE.format_sentence == "Only JPG, PNG, and GIF images are allowed."
    assert COMMERCE.byte_size_sentence == "Image too large. Maximum size is 20 MB."


def test_sentences_follow_the_limits():
    policy = replace(MERCHANT, max_byte_size=7 * 1024 * 1024, max_pixels=12_000_000)
    assert "7 MB" in policy.byte_size_sentence
    assert "12 megapixels" in policy.pixels_sentence


def test_every_format_has_a_content_type_and_an_extension():
    assert set(CONTENT_TYPES) == set(EXTENSIONS) == set(PUBLISHED.formats)


def test_jpeg_comes_first_in_what_browsers_are_asked_for():
    # Safari converts HEIC to the first type of the list that it can write.
    assert MERCHANT.content_types[0] == "image/jpeg"


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"hevc"])
def test_heic_is_refused_with_advice(brand):
    assert str(refusal(image_files.heic(brand))) == (
        "Only JPG, PNG, WebP, and AVIF images are allowed. "
        "This is an iPhone HEIC photo. Export it as JPEG."
    )


@pytest.mark.parametrize("length", [1 << 62, 1 << 63, (1 << 64) - 1])
def test_an_avif_box_longer_than_any_file_is_its_last(length, tmp_path):
    whole = image_files.of_format("AVIF", 64, 48).getvalue()
    path = tmp_path / "image.avif"
    path.write_bytes(whole[: whole[3]] + b"\0\0\0\1free" + length.to_bytes(8) + whole[whole[3] :])
    with path.open("rb") as file:
        assert refusal(file).code == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"BM" + bytes(60),
        b"x",
        b"II*\0",
    ],
)
def test_other_formats_are_refused_by_the_published_sentence(content):
    error = refusal(BytesIO(content))
    assert (error.code, error.message) == ("format", MERCHANT.format_sentence)


@pytest.mark.parametrize(
    ("policy", "format"), [(MERCHANT, "GIF"), (COMMERCE, "WEBP"), (COMMERCE, "AVIF")]
)
def test_each_door_takes_its_own_formats(policy, format):
    assert refusal(image_files.of_format(format, 64, 48), policy).code == "format"


def test_empty_file_has_its_own_sentence():
    error = refusal(BytesIO())
    assert (error.code, error.message) == ("empty", "The selected file is empty.")


def test_format_is_judged_before_size():
    assert refusal(BytesIO(b"%PDF" + bytes(MERCHANT.max_byte_size))).code == "format"


def test_size_is_judged_before_pixels():
    file = image_files.with_appendix(
        image_files.png_claiming(30_000, 30_000), bytes(MERCHANT.max_byte_size)
    )
    assert refusal(file).code == "byte_size"


def test_exactly_five_megabytes_pass():
    file = png(40, 30)
    padding = bytes(5 * 1024 * 1024 - len(file.getvalue()))
    assert probe(image_files.with_appendix(file, padding), MERCHANT).byte_size == 5 * 1024 * 1024
    assert refusal(image_files.with_appendix(file, padding + b"\0")).code == "byte_size"


def test_commerce_takes_less_than_twenty_megabytes():
    file = png(40, 30)
    padding = bytes(20 * 1024 * 1024 - len(file.getvalue()))
    assert refusal(image_files.with_appendix(file, padding), COMMERCE).code == "byte_size"
    assert probe(image_files.with_appendix(file, padding[1:]), COMMERCE).format == "PNG"


def test_pixels_must_be_under_sixty_million():
    assert probe(image_files.png_claiming(9_999, 6_000), MERCHANT).width_px == 9_999
    error = refusal(image_files.png_claiming(10_000, 6_000))
    assert error.message == "Image dimensions too large. Maximum is 60 megapixels."


def test_animation_is_bounded_by_all_its_frames():
    policy = replace(COMMERCE, max_animation_pixels=64 * 48 * 5)
    assert probe(image_files.animated("GIF", 64, 48, 5), policy).frames == 5
    assert refusal(image_files.animated("GIF", 64, 48, 6), policy).code == "animation"


def test_gif_screen_grows_to_its_first_frame_within_the_limit():
    assert refusal(image_files.gif_with_large_frame(), COMMERCE).code == "pixels"


def test_jpeg_of_many_scans_is_refused():
    assert probe(image_files.jpeg_with_scans(100), MERCHANT).is_multiscan
    assert refusal(image_files.jpeg_with_scans(101)).code == "excessive"


def test_scans_of_a_thumbnail_in_the_metadata_do_not_count():
    exif = b"Exif\0\0" + b"\xff\xda\0\2" * 500
    assert probe(jpeg(64, 48, exif=exif, progressive=True), MERCHANT).width_px == 64


def test_png_of_many_chunks_is_refused():
    assert probe(image_files.png_with_chunks(900), MERCHANT).width_px == 40
    assert refusal(image_files.png_with_chunks(1_100)).code == "excessive"
    assert refusal(image_files.png_with_chunks(11_000, b"IDAT", b"")).code == "excessive"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("length", [12, 16, 20])
def test_file_that_ends_in_its_header_is_refused(format, length):
    data = image_files.of_format(format, 64, 48).getvalue()
    assert refusal(BytesIO(data[:length]), PUBLISHED).code in ("damaged", "format")


@pytest.mark.parametrize("format", FORMATS)
def test_name_and_appendix_change_nothing(format):
    file = image_files.with_appendix(image_files.of_format(format, 64, 48), b"<script>PK\3\4")
    assert probe(file, PUBLISHED).width_px == 64


def test_probe_leaves_the_decoders_alone(monkeypatch):
    # All decoders begin there.
    monkeypatch.setattr("PIL.Image.open", None)
    assert probe(jpeg(64, 48), MERCHANT).format == "JPEG"


def still_of(file: BytesIO, max_px: int, *threads) -> tuple[Image.Image, tuple[int, int]]:
    """Return the decoded pixels, and the size that was decoded for them."""
    info = probe(file, PUBLISHED)
    with opened(file, info, PUBLISHED) as source:
        return read_still(source, max_px, *threads), source.image.size


@pytest.mark.parametrize(
    ("max_px", "decoded"),
    [
        # The next scale below would have to be enlarged, or is too near to be sharp.
        (600, (1000, 800)),
        (480, (1000, 800)),
        (460, (500, 400)),
        (225, (250, 200)),
        (20, (125, 100)),
    ],
)
def test_jpeg_is_decoded_no_larger_than_its_sharpness_needs(max_px, decoded):
    still, decoded_size = still_of(jpeg(1000, 800), max_px)
    assert (max(still.size), decoded_size) == (max_px, decoded)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("max_px", [300, 200, 151])
def test_halves_scaled_on_two_threads_have_no_seam(mode, max_px):
    image = image_files.noise(400, 301).convert(mode)
    filter = Image.Resampling.HAMMING if max_px < 260 else Image.Resampling.LANCZOS
    with ThreadPoolExecutor(1) as beside:
        still, _ = still_of(image_files.saved(image, "PNG"), max_px, beside)
    expected = image.resize(still.size, filter, reducing_gap=2.0)
    assert still.tobytes() == expected.convert(still.mode).tobytes()


def test_one_row_is_scaled_whole_beside_another_thread():
    with ThreadPoolExecutor(1) as beside:
        still, _ = still_of(png(9000, 1), 2560, beside)
    assert still.size == (2560, 1)
