"""The products of the demo company, with their texts and drawings."""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import drawings as d

SQUARE, PORTRAIT, TALL = (1080, 1080), (1000, 1250), (900, 1350)
LANDSCAPE, WIDE = (1280, 960), (1320, 880)


@dataclass(frozen=True)
class Shot:
    """One image. ground: the background color; None for transparent."""

    draw: Callable
    arguments: tuple
    ground: str | None
    size: tuple[int, int] = LANDSCAPE
    format: str = "JPEG"


@dataclass(frozen=True)
class Good:
    sku: str
    name: str
    category: str
    description: str
    unit: str
    price_minor: int
    stock: int
    shots: list[Shot] = field(default_factory=list)
    is_active: bool = True
    image_url: str | None = None


GOODS = [
    Good("KIT-101", "Stoneware mug, sage", "Kitchen & table",
         "A 350 mL mug with a speckled sage glaze over bare clay. Fired at 1,240 °C: it takes the "
         "dishwasher and the microwave.\n\nSold by the case of six, packed in recycled card.",
         "case", 7740, 64, [
             Shot(d.mug, ("#8fa58c",), "#e0d8cc"),
             Shot(d.mug, ("#8fa58c", "#c9a27c", -1), "#d5dbd6", SQUARE),
             Shot(d.mug, ("#8fa58c", "#c9a27c", 0), "#ddd0c4", PORTRAIT, "WEBP"),
         ]),
    Good("KIT-102", "Stoneware mug, ink", "Kitchen & table",
         "The same mug in a deep blue glaze. 350 mL, six to the case.",
         "case", 7740, 41, [Shot(d.mug, ("#2f4a66", "#b98f6b"), "#e6e0d6", format="WEBP")]),
    Good("KIT-110", "Serving bowl, 28 cm", "Kitchen & table",
         "A wide bowl for salads, pasta and bread, glazed blue outside and cream inside.",
         "each", 3450, 18, [Shot(d.bowl, ("#3a4f66", "#e8e0d0"), "#d8d2c8", WIDE)]),
    Good("KIT-111", "Noodle bowl, 18 cm", "Kitchen & table",
         "Deep enough for broth, light enough to lift. Terracotta glaze, white inside.",
         "each", 1690, 4, [Shot(d.bowl, ("#b4583c", "#f3ece0"), "#e4dfd8", WIDE, "AVIF")]),
    Good("KIT-120", "Oak cutting board", "Kitchen & table",
         "One piece of European oak, oiled by hand. 45 × 30 cm, with a hole to hang it by.",
         "each", 2890, 27, [Shot(d.board, ("#b9834f",), "#e2ddd3", PORTRAIT)]),
    Good("KIT-121", "Walnut cutting board", "Kitchen & table",
         "Dark, dense and kind to knives. 45 × 30 cm.",
         "each", 4190, 0, [Shot(d.board, ("#6b4630",), "#dcd6cc", PORTRAIT, "WEBP")]),
    Good("PAN-201", "Extra virgin olive oil, 750 mL", "Pantry",
         "Cold-pressed from Koroneiki olives picked in October. Peppery, with a note of green "
         "almond. Twelve bottles to the case.",
         "case", 14280, 33, [Shot(d.bottle, ("#3f5a2a", "#f3ead2", "#8a2f2a"), "#d9cdb8", TALL)]),
    Good("PAN-202", "Elderflower cordial, 750 mL", "Pantry",
         "Steeped from fresh blossom with lemon and little sugar. Dilute one to eight.",
         "case", 8640, 52,
         [Shot(d.bottle, ("#c9b45a", "#fbf7ea", "#3c5a43"), "#d3dccb", TALL, "WEBP")]),
    Good("PAN-203", "Balsamic vinegar, 750 mL", "Pantry",
         "Aged six years in chestnut and cherry wood. Dark, round, not too sweet.",
         "case", 16900, 3, [Shot(d.bottle, ("#2a1a1c", "#e7d9b8", "#b99a4a"), "#cfc4ba", TALL)]),
    Good("PAN-210", "Wildflower honey, 500 g", "Pantry",
         "From hives on fallow meadows, stirred until it spreads. Keeps for years.",
         "each", 890, 120, [Shot(d.jar, ("#d98a1f", "#c9b37a", "#f7f1e4"), "#cfd6d0", SQUARE)]),
    Good("PAN-211", "Strawberry jam, 500 g", "Pantry",
         "Two thirds fruit, cooked in small kettles. Nothing but strawberries, sugar and lemon.",
         "each", 640, 86,
         [Shot(d.jar, ("#b3202c", "#ece7dc", "#fbf3ea"), "#e6d5d0", SQUARE, "AVIF")]),
    Good("PAN-220", "House blend coffee, 1 kg", "Pantry",
         "Whole beans from Huila and Sidamo, roasted each Tuesday. Chocolate, hazelnut, a little "
         "orange peel.",
         "bag", 2150, 75, [Shot(d.pouch, ("#3b3029", "#e9dcc3"), "#d9c8b4", PORTRAIT)]),
    Good("PAN-221", "Decaf coffee, 1 kg", "Pantry",
         "Mountain water process. Tastes like coffee, because it is.",
         "bag", 2290, 5, [Shot(d.pouch, ("#59705f", "#f0e8d6"), "#dde0d4", PORTRAIT, "WEBP")]),
    Good("PRO-301", "Red apples", "Produce",
         "Crisp Gala from the lake, hand-graded. Crate of 12 kg.",
         "kg", 245, 420, [Shot(d.fruit, ("#c8312b", "apple"), "#e4dccb", WIDE)]),
    Good("PRO-302", "Unwaxed lemons", "Produce",
         "Thin skin, plenty of juice, untreated: the zest is the best part.",
         "kg", 320, 260, [Shot(d.fruit, ("#f2c92e", "lemon"), "#c9d8dc", WIDE, "AVIF")]),
    Good("PRO-303", "Blood oranges", "Produce",
         "In season from January to March. The first crates are on their way.",
         "kg", 380, 0, [Shot(d.fruit, ("#e0701c", "orange"), "#dfd5e0", WIDE)]),
    Good("GRN-401", "Snake plant, 45 cm", "Plants",
         "Forgives dark corners and long holidays. In a terracotta pot of 14 cm.",
         "each", 1850, 22, [Shot(d.leafy_plant, ("#3f7a4a", "#c96f4a"), "#e6e0d2", PORTRAIT)]),
    Good("GRN-402", "Echeveria in white pot", "Plants",
         "A rosette of gray-green leaves with a blush at the tips. Water once a fortnight.",
         "each", 990, 36,
         [Shot(d.succulent, ("#7fa88f", "#eee8dd"), "#d8c9bd", SQUARE, "WEBP")]),
    Good("TEX-501", "Linen towels, set of four", "Home & textiles",
         "Stonewashed linen in four quiet colors, 50 × 100 cm each. Dries fast, softens with "
         "every wash.",
         "box", 5900, 14,
         [Shot(d.towels, (["#8aa0b3", "#e7dfd0", "#b98a72", "#5f7a6d"],), "#ece7df")]),
    Good("TEX-502", "Cotton towels, set of three", "Home & textiles",
         "Heavy terry, 600 g/m². For hotels and for those who stay at home.",
         "box", 4200, 9,
         [Shot(d.towels, (["#36506b", "#f1ede4", "#c9a65a"],), "#dfe3e4", format="AVIF")]),
    Good("TEX-510", "Beeswax candle in a tin", "Home & textiles",
         "Burns for forty hours, smells of summer. 200 g.",
         "each", 1450, 58, [Shot(d.candle, ("#f4e8cf", "#b8bcc0"), "#5a4f49", PORTRAIT)]),
    Good("TEX-511", "Filament bulb E27, warm", "Home & textiles",
         "LED, 4 W, 2,200 K, dimmable. The glow without the heat.",
         "each", 780, 210, [Shot(d.bulb, ("#ffc65c",), "#4a4f58", PORTRAIT)]),
    Good("TOL-601", "Claw hammer, 450 g", "Tools & packing",
         "Forged head, hickory handle, a grip that stays put.",
         "each", 2390, 31, [Shot(d.hammer, ("#b07a45", "#8f979e"), None, SQUARE, "PNG")]),
    Good("TOL-602", "Screwdrivers, set of four", "Tools & packing",
         "Chrome vanadium, magnetic tips: two slotted, two Phillips.",
         "box", 1980, 2,
         [Shot(d.screwdrivers, (["#c8372d", "#e2a52b", "#2f6fa8", "#3d7a4a"],), None,
               format="PNG")]),
    Good("PAC-701", "Shipping carton, 40 × 30 × 30 cm", "Tools & packing",
         "Double wall, holds 25 kg, made from 80 % recycled fibre. Bundles of 20.",
         "case", 2680, 340, [Shot(d.carton, ("#c49a6c", "#e6cfa5"), "#dfe3e6")]),
    Good("PAC-702", "Kraft paper, 75 cm × 50 m", "Tools & packing",
         "Strong brown paper to wrap, pad and draw on.",
         "roll", 1840, 47, [Shot(d.roll, ("#b98e5e", "#8a6a45"), "#dde2dd")]),
    Good("PAC-703", "Gift box with ribbon", "Tools & packing",
         "Wine red with a gold ribbon, 25 cm. It arrives flat and folds without glue.",
         "each", 540, 130, [Shot(d.carton, ("#7a2e3a", "#e6c36a", True), "#efe6dc")]),
    Good("PAC-710", "Notebooks A5, set of three", "Tools & packing",
         "Thread-bound, 96 pages of dotted paper each, in three colors.",
         "box", 1650, 66, [Shot(d.notebooks, (["#2f4858", "#b5533c", "#5b7553"],), "#eae4d8")]),
    Good("SRV-900", "Refill of a 5 L canister", "Pantry",
         "Bring or send back your canister of oil or vinegar; we clean and refill it.",
         "L", 1120, 500),
    Good("KIT-199", "Sample mug, discontinued glaze", "Kitchen & table",
         "Kept for the records; no longer made.",
         "each", 900, 7, [Shot(d.mug, ("#b9a3c0",), "#e4e0e6", SQUARE)], is_active=False),
]  # fmt: skip
