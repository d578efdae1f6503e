"""Published files and their derivatives."""

import struct
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageColor, ImageStat

from distribu.images.decoding.encoding import UnfaithfulEncoding, encode
from distribu.images.decoding.ladder import LADDER, ladder
from distribu.images.decoding.policies import COMMERCE, MERCHANT, PUBLISHED, InvalidImage
from distribu.images.decoding.probe import probe
from distribu.images.decoding.publishing import derive, publish
from tests.images import image_files
from tests.images.image_files import UPRIGHT, corners, jpeg, png
from tests.images.world_files import world_files

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF"]


@pytest.fixture
def made():
    """A function that opens derivatives as images, and closes their files with the test."""
    derivatives = []

    def open_all(*some) -> list[Image.Image]:
        derivatives.extend(some)
        return [Image.open(one.file) for one in some]

    yield open_all
    for one in derivatives:
        one.file.close()


@pytest.fixture
def published(made):
    def run(file, policy=PUBLISHED):
        publication = publish(file, policy)
        image, thumbnail = made(publication.stable, publication.thumbnail)
        return publication, image, thumbnail

    return run


@pytest.fixture
def derived(made):
    """A function that derives and returns images by path."""

    def run(file, policy=PUBLISHED, **options):
        derivatives = derive(file, policy, **options)
        opened = made(*derivatives)
        return {one.path: image for one, image in zip(derivatives, opened, strict=True)}

    return run


@pytest.mark.parametrize("format", FORMATS)
def test_image_keeps_its_format(published, format):
    publication, image, thumbnail = published(image_files.of_format(format, 640, 480))
    assert image.format == publication.stable.format == format
    assert (publication.stable.path, image.size) == ("", (640, 480))
    assert (publication.thumbnail.path, thumbnail.format) == ("v2/300w.webp", "WEBP")
    assert (thumbnail.size, corners(thumbnail)) == ((300, 225), UPRIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_becomes_upright(published, derived, format, orientation):
    _, image, thumbnail = published(image_files.turned(format, orientation, 640, 480))
    stills = derived(image_files.turned(format, orientation, 640, 480))
    sizes = {path: image.size for path, image in stills.items()}
    assert (image.size, thumbnail.size) == ((640, 480), (300, 225))
    assert sizes["v2/640w.avif"] == sizes["v2/share.jpg"] == (640, 480)
    assert sizes["v2/100w.webp"] == (100, 75)
    shown = [corners(image) for image in [image, thumbnail, *stills.values()]]
    assert shown == [UPRIGHT] * len(shown)


@pytest.mark.parametrize("format", FORMATS)
def test_no_metadata_survives(format):
    publication = publish(image_files.with_secrets(format), PUBLISHED)
    derivatives = derive(image_files.with_secrets(format), PUBLISHED)
    derivatives += [publication.stable, publication.thumbnail]
    contents = [one.file.read() for one in derivatives]
    for one in derivatives:
        one.file.close()
    assert b"secret" in image_files.with_secrets(format).getvalue()
    for mark in (b"secret", b"Exif", b"xmp", b"ICC"):
        assert [mark in content for content in contents] == [False] * len(contents)


def test_largest_side_is_bounded(published):
    publication, image, _ = published(jpeg(4000, 1000))
    assert image.size == (2560, 640)
    assert (publication.info.width_px, publication.info.height_px) == (4000, 1000)


def test_ladder_ends_at_the_image_or_at_the_top():
    assert ladder(2560) == ladder(1500) == LADDER
    assert ladder(640) == (100, 300, 500, 640)
    assert ladder(300) == (100, 300)
    assert ladder(40) == (40,)


def test_whole_set(derived):
    stills = derived(jpeg(2000, 1500))
    avif = {f"v2/{width}w.avif" for width in LADDER}
    webp = {f"v2/{width}w.webp" for width in LADDER if width != 300}
    assert set(stills) == avif | webp | {"v2/share.jpg"}
    assert stills["v2/share.jpg"].size == (1200, 900)
    assert {image.format for path, image in stills.items() if "avif" in path} == {"AVIF"}


def test_thumbnail_can_be_made_again(derived):
    assert "v2/300w.webp" in derived(jpeg(640, 480), with_thumbnail=True)


def test_small_image_is_not_enlarged(published, derived):
    publication, _, thumbnail = published(png(40, 30))
    assert (publication.thumbnail.path, thumbnail.size) == ("v2/40w.webp", (40, 30))
    sizes = {path: image.size for path, image in derived(png(40, 30)).items()}
    assert sizes == {"v2/40w.avif": (40, 30), "v2/share.jpg": (40, 30)}


@pytest.mark.parametrize("size", [(1, 1), (1, 9000), (9000, 1), (3, 2)])
def test_odd_sizes(published, derived, size):
    _, image, _ = published(png(*size))
    assert max(image.size) <= 2560
    assert min(image.size) >= 1
    assert "v2/share.jpg" in derived(png(*size))


def test_tall_image_follows_its_published_width(published, derived):
    _, image, _ = published(png(500, 8000))
    assert image.size == (160, 2560)
    assert derived(png(500, 8000))["v2/160w.avif"].size == (160, 2560)


def test_display_p3_is_converted(published):
    file = image_files.saved(
        Image.new("RGB", (64, 48), (0, 200, 0)), "PNG", icc_profile=image_files.DISPLAY_P3
    )
    _, image, _ = published(file)
    # This green lies outside sRGB, whose nearest has no red and a little more green.
    red, green, _ = image.convert("RGB").getpixel((5, 5))
    assert red == 0
    assert green > 200


def test_exchanged_profile_exchanges_the_colors(published, derived):
    red = Image.new("RGB", (64, 48), (255, 0, 0))
    file = image_files.saved(red, "JPEG", icc_profile=image_files.EXCHANGED, quality=95)
    _, image, thumbnail = published(file)
    share = derived(file)["v2/share.jpg"]
    shown = [image.convert("RGB").getpixel((20, 20)) for image in (image, thumbnail, share)]
    assert [green > 240 and red < 15 for red, green, _ in shown] == [True] * 3


@pytest.mark.parametrize("profile", [b"", b"nonsense", image_files.srgb_profile()])
def test_profile_without_effect(published, profile):
    _, image, _ = published(jpeg(64, 48, icc_profile=profile))
    assert corners(image) == UPRIGHT
    assert "icc_profile" not in image.info


@pytest.mark.parametrize("options", [{}, {"icc_profile": image_files.srgb_profile()}])
def test_cmyk_becomes_rgb(published, options):
    # A profile of another color space says nothing about these pixels.
    _, image, _ = published(image_files.cmyk(64, 48, **options))
    assert (image.mode, corners(image)) == ("RGB", UPRIGHT)


def test_16_bit_gray_is_scaled(published):
    _, image, _ = published(image_files.png_16_bit_gray(64, 48, 30_000))
    assert image.convert("L").getpixel((5, 5)) == pytest.approx(30_000 / 257, abs=1)


def test_palette_stays_a_palette(published):
    _, image, thumbnail = published(image_files.palette_with_alpha(640, 480))
    assert image.mode == "P"
    assert image.convert("RGBA").getpixel((5, 5))[3] == 0
    assert thumbnail.getpixel((5, 5))[3] == 0
    assert thumbnail.getpixel((295, 5))[3] == 255


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_alpha_is_kept_and_white_where_there_is_none(published, derived, format):
    _, image, thumbnail = published(image_files.cut_out(format, 640, 480))
    stills = derived(image_files.cut_out(format, 640, 480))
    share = stills.pop("v2/share.jpg")
    stills.pop("marketplace.jpg", None)
    cut_outs = [image, thumbnail, *stills.values()]
    assert [image.getpixel((2, 2))[3] for image in cut_outs] == [0] * len(cut_outs)
    assert share.getpixel((2, 2)) == pytest.approx((255, 255, 255), abs=2)


@pytest.mark.parametrize("colors", [4, 16, 64, 256])
@pytest.mark.parametrize("at", [0, 1])
def test_transparent_still_gif_is_published_whole(published, colors, at):
    image = image_files.drawing(64, 48).quantize(colors)
    file = image_files.saved(image, "GIF", transparency=image.getpixel((at * 40, 4)))
    _, stable, _ = published(file)
    shown = stable.convert("RGBA")
    assert [shown.getpixel((x, 4))[3] for x in (4, 60)] == [255 * (at == 1), 255 * (at == 0)]
    assert corners(shown)[2:] == UPRIGHT[2:]


def test_output_that_differs_is_not_published(monkeypatch, published):
    file = image_files.saved(image_files.drawing(64, 48).quantize(16), "PNG")
    put, lost = Image.Image.putpalette, []

    def lose_palette(image: Image.Image, palette: list[int]) -> None:
        lost.append(palette)
        put(image, bytes(len(palette)))

    # Pillow, if it lost the palette.
    monkeypatch.setattr(Image.Image, "putpalette", lose_palette)
    _, stable, _ = published(file)
    assert len(lost) == 1
    assert corners(stable) == UPRIGHT


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [1, 2, 5, 20, 63, 64, 150])
@pytest.mark.parametrize("colors", [("red", "blue"), ("lime", "magenta"), ("black", "white")])
def test_honest_image_is_never_taken_for_another(published, derived, format, size, colors):
    # The hardest there is for formats that store colors more coarsely than brightness.
    image = Image.new("RGB", (size, size), colors[0])
    image.putdata([ImageColor.getrgb(colors[at % 2]) for at in range(size * size)])
    file = image_files.saved(image, format)
    _, stable, _ = published(file)
    assert (stable.size, len(derived(file)) >= 2) == ((size, size), True)


def test_writer_that_fails_is_found_out():
    image = image_files.drawing(64, 48)
    with pytest.raises(UnfaithfulEncoding):
        encode("", "PNG", image, {}, meant=Image.new("RGB", (64, 48), "black"))


def test_animation_with_a_still_of_its_own_shows_its_first_frame(published, derived):
    still = Image.new("RGB", (64, 48), "black")
    frames = [image_files.drawing(64, 48), Image.new("RGB", (64, 48), "gray")]
    options = {"save_all": True, "append_images": frames, "default_image": True, "duration": 90}
    file = image_files.saved(still, "PNG", **options)
    _, stable, thumbnail = published(file)
    assert corners(stable) == corners(thumbnail) == UPRIGHT
    assert all(corners(image) == UPRIGHT for image in derived(file).values())


def test_gif_frame_smaller_than_its_screen_leaves_the_rest_free(published):
    data = image_files.gif(20, 10).getvalue()
    data = data[:6] + struct.pack("<HH", 40, 30) + data[10:]
    _, stable, _ = published(BytesIO(data))
    alpha = stable.convert("RGBA").getchannel("A")
    assert (alpha.getpixel((5, 5)), alpha.getpixel((30, 20)), alpha.size) == (255, 0, (40, 30))


def test_png_without_its_last_rows_is_refused():
    data = world_files()["png-framing/rows-missing"]
    with pytest.raises(InvalidImage, match="damaged"):
        publish(BytesIO(data), MERCHANT)


def test_jpeg_that_is_cut_and_closed_is_refused():
    data = image_files.saved(image_files.noise(640, 480), "JPEG").getvalue()
    with pytest.raises(InvalidImage, match="damaged"):
        publish(BytesIO(data[: len(data) // 2] + b"\xff\xd9"), MERCHANT)


def test_no_avif_where_something_is_transparent(derived):
    paths = derived(image_files.cut_out("PNG", 64, 48))
    assert not [path for path in paths if path.endswith("avif")]


@pytest.mark.parametrize("format", ["WEBP", "AVIF"])
def test_marketplaces_get_a_jpeg_as_large_as_the_image(published, derived, format):
    file = image_files.cut_out(format, 1800, 900)
    jpeg_of_it = derived(file)["marketplace.jpg"]
    _, stable, _ = published(file)
    assert (jpeg_of_it.format, jpeg_of_it.size) == ("JPEG", stable.size)
    assert min(jpeg_of_it.getpixel((2, 2))) > 250


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_marketplaces_take_the_others_as_they_are(derived, format):
    assert "marketplace.jpg" not in derived(image_files.of_format(format, 64, 48))


@pytest.mark.parametrize(("format", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif")])
def test_widths_in_the_own_format_where_they_are_wanted(derived, format, ending):
    file = image_files.of_format(format, 320, 240)
    stills = derived(file, in_own_format=True)
    own = {path: image for path, image in stills.items() if path.endswith(f"w.{ending}")}
    assert {path: image.width for path, image in own.items()} == {
        f"v2/{width}w.{ending}": width for width in (100, 300, 320)
    }
    assert {image.format for image in own.values()} == {format}


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (64, 48)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_published_png_shows_its_source(published, size, mode, orientation):
    image = image_files.noise(*size).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    _, stable, _ = published(image_files.saved(image, "PNG", exif=exif))
    meant = image.convert("RGB")
    meant = meant.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else meant
    assert ImageChops.difference(stable.convert("RGB"), meant).getbbox() is None


def test_idle_alpha_is_dropped(published):
    _, image, _ = published(image_files.saved(image_files.drawing(64, 48, "RGBA"), "PNG"))
    assert image.mode == "RGB"


def test_phone_images_are_jpegs(published, derived):
    publication, image, _ = published(image_files.mpo(640, 480))
    assert (image.format, getattr(image, "n_frames", 1)) == ("JPEG", 1)
    assert publication.info.frames == 1
    assert "v2/640w.avif" in derived(image_files.mpo(640, 480))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
def test_animation_moves_at_the_stable_address_alone(published, derived, format):
    publication, image, thumbnail = published(image_files.animated(format, 320, 240, 5))
    assert (image.n_frames, publication.info.frames) == (5, 5)
    image.seek(4)
    image.load()
    assert image.info["duration"] == 80
    assert getattr(thumbnail, "n_frames", 1) == 1
    stills = derived(image_files.animated(format, 320, 240, 5))
    assert {getattr(image, "n_frames", 1) for image in stills.values()} == {1}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_file_is_refused(format, share):
    file = image_files.truncated(image_files.saved(image_files.noise(400, 300), format), share)
    with pytest.raises(InvalidImage) as caught:
        publish(file, PUBLISHED)
    assert caught.value.code == "damaged"


def test_decoder_that_sees_more_pixels_than_the_header_is_not_let_run():
    policy = replace(MERCHANT, max_pixels=100)
    lie = replace(probe(png(64, 48), PUBLISHED), width_px=10, height_px=10)
    with pytest.raises(InvalidImage, match="Image dimensions too large"):
        publish(png(64, 48), policy, lie)


def test_appendix_is_not_published():
    file = image_files.with_appendix(jpeg(64, 48), b"<script>PK\3\4")
    publication = publish(file, MERCHANT)
    content = publication.stable.file.read()
    publication.stable.file.close()
    publication.thumbnail.file.close()
    assert b"<script>" not in content


@pytest.mark.parametrize("quality", [60, 90])
def test_jpeg_written_again_is_as_good_and_not_larger(published, quality):
    file = image_files.saved(image_files.soft(640, 480), "JPEG", quality=quality)
    publication, image, _ = published(file)
    assert publication.stable.byte_size <= len(file.getvalue()) * 1.01
    assert mean_difference(image, Image.open(file)) < 1


def test_finest_quantization_of_a_camera_is_not_kept(published):
    file = image_files.saved(image_files.soft(640, 480), "JPEG", quality=100)
    publication, image, _ = published(file)
    assert publication.stable.byte_size < len(file.getvalue()) * 0.6
    assert mean_difference(image, Image.open(file)) < 3


@pytest.mark.parametrize(("format", "quality"), [("WEBP", 76), ("AVIF", 70)])
def test_image_is_not_larger_than_its_upload(published, format, quality):
    file = image_files.saved(image_files.soft(640, 480), format, quality=quality)
    publication, _, _ = published(file)
    assert publication.stable.byte_size <= len(file.getvalue())


def test_lossless_webp_stays_lossless(published):
    file = image_files.saved(image_files.soft(640, 480), "WEBP", lossless=True)
    _, image, _ = published(file)
    assert mean_difference(image, image_files.soft(640, 480)) == 0


def test_png_stays_lossless(published):
    _, image, _ = published(image_files.saved(image_files.soft(640, 480), "PNG"))
    assert mean_difference(image, image_files.soft(640, 480)) == 0


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize(
    ("file", "color"),
    [
        (image_files.saved(Image.new("RGB", (64, 48), (18, 52, 86)), "PNG"), "#123456"),
        (image_files.saved(Image.new("RGBA", (64, 48), (0, 0, 0, 0)), "PNG"), "#ffffff"),
    ],
)
def test_placeholder_is_the_mean_color_on_white(published, file, color):
    publication, _, _ = published(file)
    assert publication.placeholder_color == color


def test_policy_is_checked_before_decoding():
    with pytest.raises(InvalidImage, match="Only JPG, PNG, and GIF"):
        derive(image_files.webp(64, 48), COMMERCE)
