"""More products of the demo company, each drawn like one in goods.py in other colors."""

from collections.abc import Callable

from . import drawings as d
from .goods import LANDSCAPE, PORTRAIT, SQUARE, TALL, WIDE, Good, Shot

# Served by another host: pages show it, but it is never downloaded or stored here.
EXTERNAL_IMAGE = (
    "https://upload.wikimedia.org/wikipedia/commons/4/47/PNG_transparency_demonstration_1.png"
)


def _of_a_kind(
    category: str, unit: str, draw: Callable, size: tuple[int, int], rows: list[tuple]
) -> list[Good]:
    """Return products that are drawn alike. rows: SKU, name, text, price, stock, colors, ground."""
    return [
        Good(
            sku, name, category, text, unit, price_minor, stock, [Shot(draw, colors, ground, size)]
        )
        for sku, name, text, price_minor, stock, colors, ground in rows
    ]


MORE_GOODS = [
    *_of_a_kind("Kitchen & table", "case", d.mug, LANDSCAPE, [
        ("KIT-103", "Stoneware mug, ochre", "A warm yellow glaze. 350 mL, six to the case.",
         7740, 38, ("#c99a3f",), "#e6e0d2"),
        ("KIT-104", "Stoneware mug, chalk", "Matte white over bare clay. 350 mL, six to the case.",
         7740, 55, ("#efe9dd", "#b98f6b"), "#cfd6d0"),
        ("KIT-105", "Stoneware mug, moss", "A dark green glaze. 350 mL, six to the case.",
         7740, 12, ("#4d6142", "#c9a27c"), "#e4dccb"),
    ]),
    *_of_a_kind("Kitchen & table", "each", d.bowl, WIDE, [
        ("KIT-112", "Cereal bowl, 15 cm", "Stacks well and chips little.",
         1290, 74, ("#8fa58c", "#f3ece0"), "#e4dfd8"),
        ("KIT-113", "Fruit bowl, 32 cm", "Wide and shallow, with a foot that lets air in.",
         4190, 8, ("#7a4a3c", "#e8d9c0"), "#dfe3e4"),
    ]),
    *_of_a_kind("Kitchen & table", "each", d.board, PORTRAIT, [
        ("KIT-122", "Cherry cutting board", "Reddish, fine-grained, oiled by hand. 35 × 22 cm.",
         2490, 19, ("#9c5a3c",), "#e6e0d6"),
        ("KIT-123", "Beech breakfast board", "A board for one. 24 × 15 cm, sold singly.",
         890, 150, ("#d6ac78",), "#dde0d4"),
    ]),
    *_of_a_kind("Pantry", "case", d.bottle, TALL, [
        ("PAN-204", "Apple vinegar, 750 mL", "Cloudy and unfiltered, from orchard apples.",
         7920, 44, ("#b98a3a", "#f7f1e4", "#7a3a2a"), "#d3dccb"),
        ("PAN-205", "Raspberry syrup, 750 mL", "For water, for cakes, for ice cream.",
         9360, 29, ("#8f2438", "#fbf3ea", "#3c5a43"), "#e6d5d0"),
        ("PAN-206", "Rapeseed oil, 750 mL", "Cold-pressed and nutty, from the next valley.",
         9840, 61, ("#c9a227", "#f3ead2", "#3f5a2a"), "#d9cdb8"),
        ("PAN-207", "Dark soy sauce, 750 mL", "Brewed for eighteen months in cedar.",
         11800, 17, ("#2a1712", "#e9dcc3", "#a3281e"), "#d8d2c8"),
    ]),
    *_of_a_kind("Pantry", "each", d.jar, SQUARE, [
        ("PAN-212", "Apricot jam, 500 g", "Two thirds fruit, with a little lemon.",
         640, 92, ("#e08a2c", "#ece7dc", "#fbf3ea"), "#e6e0d2"),
        ("PAN-213", "Blackcurrant jam, 500 g", "Dark, tart and thick.",
         690, 47, ("#3a1f3d", "#ece7dc", "#fbf3ea"), "#dfd5e0"),
        ("PAN-214", "Forest honey, 500 g", "Dark and resinous, from fir and spruce.",
         990, 64, ("#7a4316", "#c9b37a", "#f7f1e4"), "#cfd6d0"),
        ("PAN-215", "Dijon mustard, 500 g", "Sharp, smooth, ground with white wine.",
         520, 130, ("#c9a83f", "#e7dfd0", "#f7f1e4"), "#dfe3e6"),
        ("PAN-216", "Basil pesto, 500 g", "With pine nuts and pecorino. Keep it cool.",
         1150, 5, ("#4f7a3a", "#e7dfd0", "#f7f1e4"), "#e4dccb"),
    ]),
    *_of_a_kind("Pantry", "bag", d.pouch, PORTRAIT, [
        ("PAN-222", "Espresso roast, 1 kg", "Dark and heavy, made for milk.",
         2250, 68, ("#241a16", "#d9b98a"), "#d9c8b4"),
        ("PAN-223", "Filter roast, 1 kg", "Light, floral, with a note of peach.",
         2390, 23, ("#a8643f", "#f3e6d0"), "#dde0d4"),
        ("PAN-224", "Rooibos tea, 1 kg", "Long-cut leaves from the Cederberg. No caffeine.",
         2680, 31, ("#8f3f22", "#f0e2cc"), "#e6e0d6"),
        ("PAN-225", "Rolled oats, 1 kg", "Whole grain, rolled thick.",
         340, 300, ("#cbb48a", "#6b4630"), "#d8d2c8"),
    ]),
    *_of_a_kind("Produce", "kg", d.fruit, WIDE, [
        ("PRO-304", "Green apples", "Sour, firm and juicy. Crate of 12 kg.",
         255, 310, ("#8fb03a", "apple"), "#e4dccb"),
        ("PRO-305", "Sweet oranges", "Navelina from Valencia, untreated.",
         290, 190, ("#f08a24", "orange"), "#c9d8dc"),
        ("PRO-306", "Limes", "Small, seedless, with thin skin.",
         460, 85, ("#6f9a3a", "lemon"), "#dfd5e0"),
    ]),
    *_of_a_kind("Plants", "each", d.leafy_plant, PORTRAIT, [
        ("GRN-403", "Peace lily, 50 cm", "White flowers, dark leaves, little light.",
         2150, 14, ("#2f6b45", "#e9e2d6"), "#d8c9bd"),
        ("GRN-404", "Rubber plant, 60 cm", "Leathery leaves of a deep wine red.",
         2790, 6, ("#4a3a34", "#8a9a8f"), "#e6e0d2"),
    ]),
    *_of_a_kind("Home & textiles", "each", d.candle, PORTRAIT, [
        ("TEX-512", "Lavender candle in a tin", "Soy wax, forty hours, from a small workshop.",
         1550, 40, ("#b9a8cf", "#b8bcc0"), "#4f4a5a"),
        ("TEX-513", "Pine candle in a tin", "Smells of a forest after rain.",
         1550, 3, ("#7f9a80", "#b8bcc0"), "#3f4a44"),
    ]),
    *_of_a_kind("Tools & packing", "roll", d.roll, LANDSCAPE, [
        ("PAC-704", "White wrapping paper, 75 cm × 50 m", "Smooth and bright, for gifts.",
         2040, 33, ("#e9e6df", "#c9c4b8"), "#c9d0d4"),
    ]),
    *_of_a_kind("Tools & packing", "case", d.carton, LANDSCAPE, [
        ("PAC-711", "Mailing box, 25 × 18 × 8 cm", "Closes without tape. Bundles of 50.",
         2950, 410, ("#b98e5e", "#d6b88a"), "#dfe3e6"),
    ]),
    Good("GAM-801", "Translucent dice, set of four", "Home & textiles",
         "Cast resin in four colors, 16 mm. The maker hosts their image.",
         "box", 720, 95, image_url=EXTERNAL_IMAGE),
]  # fmt: skip
