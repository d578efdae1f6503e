"""Drawings of the demo company's products; each function paints one onto a canvas."""

from math import cos, pi, sin

from .brush import (
    SHADOW,
    Canvas,
    box,
    ellipse,
    fading,
    lathe,
    lit,
    mixed,
    round_fill,
    smooth,
    turned,
)


def bottle(c: Canvas, glass: str, label: str, cap: str) -> None:
    x = c.middle
    c.shadow(x, 885, 120)
    neck = [(150, 42), (330, 44), (390, 66), (450, 112), (500, 122)]
    c.paint(lathe(x, [*neck, (860, 122), (882, 108), (890, 90)]), round_fill(glass, 0.5))
    c.paint(box(x - 88, 420, x - 66, 840, 11), "#ffffff", blur=8, opacity=0.45)
    c.paint(lathe(x, [(110, 46), (190, 46)]), round_fill(cap))
    c.paint(box(x - 48, 186, x + 48, 198, 5), round_fill(lit(cap, -0.2)))
    _label(c, x, 540, 780, 122, label)


def jar(c: Canvas, content: str, lid: str, label: str) -> None:
    x = c.middle
    c.shadow(x, 860, 200)
    glass = [(340, 150), (380, 185), (430, 200), (800, 200), (845, 180), (862, 140)]
    c.paint(lathe(x, glass), round_fill(mixed(content, "#ffffff", 0.35), 0.6))
    filled = [(400, 176), (440, 188), (800, 188), (835, 170), (850, 140)]
    c.paint(lathe(x, filled), round_fill(content, 0.35))
    c.paint(ellipse(x, 400, 176, 18), lit(content, 0.25))
    c.paint(box(x - 172, 250, x + 172, 345, 14), round_fill(lid, 0.6))
    for y in (275, 295, 315):
        c.paint(box(x - 172, y, x + 172, y + 4), SHADOW, opacity=0.18)
    c.paint(ellipse(x, 252, 170, 14), lit(lid, 0.3))
    c.paint(box(x - 150, 440, x - 122, 800, 14), "#ffffff", blur=9, opacity=0.5)
    _label(c, x, 530, 730, 200, label)


def mug(c: Canvas, glaze: str, clay: str = "#c9a27c", handle: int = 1) -> None:
    """Paint a mug. handle: 1 to the right, -1 to the left, 0 behind the mug."""
    x = c.middle - 50 * handle
    c.shadow(x, 800, 215)
    if handle:
        hx = x + handle * 205
        c.paint(ellipse(hx, 560, 120, 150), round_fill(glaze, 0.3))
        c.paint(ellipse(hx, 560, 72, 102), _wall(c))
    body = [(330, 210), (600, 212), (720, 204), (780, 180), (802, 150)]
    c.paint(lathe(x, body), round_fill(glaze, 0.5))
    foot = [(740, 198), (780, 180), (802, 150)]
    c.paint(lathe(x, foot), round_fill(clay, 0.3))
    c.paint(ellipse(x, 330, 210, 42), lit(glaze, 0.35))
    c.paint(ellipse(x, 334, 196, 35), fading(glaze, -0.55, -0.1))
    c.paint(ellipse(x, 346, 170, 22), "#3b2416")
    _speckles(c, lambda: (x + c.random.uniform(-190, 190), c.random.uniform(400, 720)), glaze, 90)


def bowl(c: Canvas, glaze: str, inside: str) -> None:
    x = c.middle
    c.shadow(x, 780, 260)
    side = [(430, 380), (520, 366), (620, 316), (700, 240), (745, 160), (780, 150), (785, 145)]
    c.paint(lathe(x, side), round_fill(glaze, 0.4))
    c.paint(ellipse(x, 430, 380, 96), lit(glaze, 0.4))
    c.paint(ellipse(x, 436, 364, 86), fading(inside, -0.35, 0.25))
    _speckles(c, lambda: (x + c.random.uniform(-300, 300), c.random.uniform(540, 640)), glaze, 60)


def carton(c: Canvas, color: str, tape: str, ribbon: bool = False) -> None:
    x = c.middle
    c.shadow(x + 20, 850, 330)
    front = [(x - 340, 400), (x + 60, 470), (x + 60, 870), (x - 340, 770)]
    side = [(x + 60, 470), (x + 340, 380), (x + 340, 740), (x + 60, 870)]
    top = [(x - 340, 400), (x - 60, 320), (x + 340, 380), (x + 60, 470)]
    c.paint(front, fading(color, 0.1, -0.05))
    c.paint(side, fading(color, -0.25, -0.4))
    c.paint(top, fading(color, 0.35, 0.2))
    width = 46 if ribbon else 60
    c.paint(
        [(x - 210, 362), (x - 210 + width, 352), (x + 210, 422), (x + 150, 441)], lit(tape, 0.2)
    )
    c.paint([(x + 150, 441), (x + 210, 422), (x + 210, 505), (x + 150, 525)], lit(tape, -0.3))
    if ribbon:
        c.paint([(x - 165, 431), (x - 115, 440), (x - 115, 826), (x - 165, 814)], tape)
        for dx, tilt in ((-80, -24), (80, 24)):
            loop = turned(ellipse(x + dx, 335, 95, 44), tilt, x + dx, 335)
            c.paint(loop, fading(tape, 0.3, -0.35))
        c.paint(ellipse(x, 362, 34, 30), lit(tape, -0.15))
    else:
        for row in range(3):
            c.paint(
                box(x - 290, 640 + row * 26, x - 150 - row * 25, 650 + row * 26),
                SHADOW,
                opacity=0.55,
            )


def leafy_plant(c: Canvas, leaf: str, pot: str, leaves: int = 9) -> None:
    x = c.middle
    c.shadow(x, 890, 190)
    for number in range(leaves):
        lean = (number - (leaves - 1) / 2) * 11 + c.random.uniform(-4, 4)
        height = c.random.uniform(400, 560) - abs(lean) * 2
        half = c.random.uniform(32, 44)
        blade = smooth(
            [
                (x, 660),
                (x + half, 640 - height * 0.4),
                (x, 640 - height),
                (x - half, 640 - height * 0.4),
            ]
        )
        shade = c.random.uniform(-0.25, 0.15)
        c.paint(turned(blade, lean, x, 700), fading(leaf, shade + 0.2, shade - 0.25))
        rib = [(x, 650), (x, 660 - height * 0.85)]
        start, stop = (turned([point], lean, x, 700)[0] for point in rib)
        c.line(start, stop, 4, lit(leaf, 0.35), 0.6)
    c.paint(lathe(x, [(640, 178), (880, 128), (892, 110)]), round_fill(pot, 0.35))
    c.paint(box(x - 192, 610, x + 192, 672, 12), round_fill(lit(pot, 0.08), 0.4))


def succulent(c: Canvas, leaf: str, pot: str) -> None:
    x, y = c.middle, 520
    c.shadow(x, 880, 210)
    c.paint(lathe(x, [(600, 215), (800, 200), (872, 160), (880, 140)]), round_fill(pot, 0.45))
    c.paint(ellipse(x, 600, 215, 40), "#4a3a2c")
    for ring, (count, radius) in enumerate(((13, 225), (11, 175), (8, 120), (5, 70))):
        for number in range(count):
            angle = 2 * pi * number / count + ring * 0.3
            tip = (x + cos(angle) * radius, y + sin(angle) * radius * 0.62 - ring * 26)
            foot = (x, y + 30 - ring * 26)
            across = radius * 0.27
            dx, dy = -sin(angle) * across, cos(angle) * across * 0.62
            mid = (foot[0] + (tip[0] - foot[0]) * 0.65, foot[1] + (tip[1] - foot[1]) * 0.65)
            petal = smooth([foot, (mid[0] + dx, mid[1] + dy), tip, (mid[0] - dx, mid[1] - dy)])
            c.paint(petal, fading(leaf, 0.05 + ring * 0.1, -0.35 + ring * 0.12))
            c.paint(ellipse(*tip, 9, 7), "#b5606a", blur=3, opacity=0.7)


def fruit(c: Canvas, skin: str, kind: str) -> None:
    """Paint three fruits. kind: "apple", "lemon" or "orange"."""
    places = [(c.middle - 190, 610, 170), (c.middle + 175, 620, 180), (c.middle - 10, 700, 190)]
    for x, y, r in places:
        c.shadow(x, y + r * 0.92, r)
        wide = r * (1.22 if kind == "lemon" else 1)
        outline = ellipse(x, y, wide, r * 0.94)
        if kind == "lemon":
            upper = [(-wide, 0), (-r * 0.7, -r * 0.7), (0, -r * 0.86), (r * 0.7, -r * 0.7)]
            lower = [(wide * 1.05, 0), (r * 0.7, r * 0.7), (0, r * 0.86), (-r * 0.7, r * 0.7)]
            outline = smooth([(x + dx, y + dy) for dx, dy in upper + lower])
        c.paint(outline, lit(skin, -0.4))
        for step in range(1, 13):
            s = 1 - step * 0.07
            dx, dy = -step * r * 0.022, -step * r * 0.03
            moved = [(x + (px - x) * s + dx, y + (py - y) * s + dy) for px, py in outline]
            c.paint(moved, lit(skin, -0.38 + step * 0.045), blur=6, opacity=0.6)
        if kind == "apple":
            c.paint(ellipse(x, y - r * 0.78, r * 0.3, r * 0.1), lit(skin, -0.6), blur=6)
            c.line((x, y - r * 0.76), (x + 18, y - r * 1.15), 13, "#4d3520")
        else:
            _speckles(c, lambda x=x, y=y, r=r: _inside(c, x, y, r * 0.85), lit(skin, -0.25), 70)
        c.paint(ellipse(x - r * 0.38, y - r * 0.42, r * 0.2, r * 0.13), "#ffffff", 12, 0.7)
    leaf = [
        (c.middle + 190, 450),
        (c.middle + 280, 400),
        (c.middle + 370, 420),
        (c.middle + 290, 470),
    ]
    c.paint(smooth(leaf), fading("#4f7a3a", 0.2, -0.3))


def towels(c: Canvas, colors: list[str]) -> None:
    x, y = c.middle, 830
    c.shadow(x, 840, 330)
    for color in colors:
        height = 92
        c.paint(box(x - 330, y - height, x + 330, y, 42), fading(color, 0.22, -0.35))
        c.paint(box(x - 322, y - height * 0.56, x + 300, y - height * 0.5, 4), SHADOW, 2, 0.3)
        for step in range(40):
            tx = x - 315 + step * 16.2
            c.line((tx, y - height + 12), (tx, y - 10), 2, lit(color, 0.3), 0.25)
        c.paint(box(x + 236, y - height + 6, x + 262, y - 6, 4), lit(color, -0.35), opacity=0.8)
        y -= height + 2


def roll(c: Canvas, color: str, core: str) -> None:
    x, y = c.middle, 600
    c.shadow(x + 20, 800, 330)
    c.paint(box(x - 40, y - 200, x + 330, y + 200, 4), fading(color, 0.25, -0.5))
    c.paint(ellipse(x + 330, y, 95, 200), fading(color, 0.1, -0.5))
    c.paint(ellipse(x - 40, y, 130, 200), lit(color, 0.15))
    for ring in range(12):
        s = 1 - ring * 0.055
        c.paint(ellipse(x - 40, y, 130 * s, 200 * s), lit(color, 0.1 if ring % 2 else -0.12))
    c.paint(ellipse(x - 40, y, 48, 74), lit(core, -0.1))
    c.paint(ellipse(x - 40, y, 38, 62), lit(core, -0.65))


def hammer(c: Canvas, handle: str, steel: str) -> None:
    x, y, tilt = c.middle, 520, 38
    claw = smooth([(x - 110, 250), (x - 210, 262), (x - 275, 330), (x - 215, 345), (x - 110, 340)])
    parts = [
        (box(x - 26, 330, x + 26, 930, 24), round_fill(handle, 0.35)),
        (box(x - 34, 640, x + 34, 935, 28), round_fill("#2f3338", 0.35)),
        (box(x - 120, 245, x + 120, 345, 16), fading(steel, 0.55, -0.45)),
        (box(x + 110, 228, x + 205, 362, 14), fading(steel, 0.6, -0.5)),
        (claw, fading(steel, 0.5, -0.45)),
    ]
    for outline, _ in parts:
        moved = [(px + 28, py + 34) for px, py in turned(outline, tilt, x, y)]
        c.paint(moved, SHADOW, blur=18, opacity=0.35)
    for outline, fill in parts:
        c.paint(turned(outline, tilt, x, y), fill)


def screwdrivers(c: Canvas, colors: list[str]) -> None:
    gap = 150
    for number, color in enumerate(colors):
        x = c.middle + (number - (len(colors) - 1) / 2) * gap
        length = 300 - number * 35
        grip = [(150, 30), (175, 48), (380, 50), (430, 34), (480, 40), (500, 30)]
        parts = [
            (box(x - 11, 480, x + 11, 520 + length, 4), round_fill("#b9c0c6", 0.8)),
            (lathe(x, grip), round_fill(color, 0.5)),
        ]
        for outline, _ in parts:
            c.paint([(px + 22, py + 20) for px, py in outline], SHADOW, 14, 0.35)
        for outline, fill in parts:
            c.paint(outline, fill)
        for dx in (-22, 0, 22):
            c.paint(box(x + dx - 4, 200, x + dx + 4, 370, 4), SHADOW, 2, 0.28)


def pouch(c: Canvas, color: str, label: str) -> None:
    x = c.middle
    c.shadow(x, 880, 230)
    right = [(0, 182), (190, 190), (215, 520), (232, 860), (0, 892)]
    left = [(-dx, y) for dx, y in reversed(right[1:-1])]
    body = smooth([(x + dx, y) for dx, y in right + left])
    c.paint(body, round_fill(color, 0.22))
    c.paint(box(x - 196, 160, x + 196, 222, 6), round_fill(lit(color, 0.1), 0.35))
    for dx in (-120, 60, 150):
        c.paint(ellipse(x + dx, 330, 14, 100), "#ffffff", 18, 0.16)
    c.paint(ellipse(x, 290, 17, 17), lit(color, -0.45))
    _label(c, x, 420, 720, 150, label)


def candle(c: Canvas, wax: str, tin: str) -> None:
    x = c.middle
    c.shadow(x, 850, 200)
    c.paint(lathe(x, [(480, 200), (830, 200), (852, 180)]), round_fill(tin, 0.7))
    c.paint(ellipse(x, 480, 200, 42), lit(tin, 0.4))
    c.paint(ellipse(x, 486, 186, 35), fading(wax, 0.1, 0.4))
    c.line((x, 490), (x, 430), 8, "#3a2d22")
    c.paint(ellipse(x, 370, 120, 130), "#ffcf70", 60, 0.5)
    flame = smooth([(x, 270), (x + 30, 360), (x + 24, 425), (x, 442), (x - 24, 425), (x - 26, 360)])
    c.paint(flame, fading("#ff9d2e", 0.75, 0.0), blur=3)
    c.paint(ellipse(x, 405, 12, 26), "#fff6d8", 5)
    _label(c, x, 590, 740, 200, "#f7f1e4")


def board(c: Canvas, wood: str) -> None:
    x, tilt = c.middle, -14
    plate = box(x - 210, 300, x + 210, 880, 46)
    handle = box(x - 52, 120, x + 52, 330, 46)
    for outline in (plate, handle):
        c.paint([(px + 30, py + 34) for px, py in turned(outline, tilt, x, 520)], SHADOW, 22, 0.4)
    for outline in (handle, plate):
        c.paint(turned(outline, tilt, x, 520), fading(wood, 0.18, -0.2))
    for number in range(26):
        gx = x - 198 + number * 16 + c.random.uniform(-5, 5)
        start, end = turned([(gx, 306), (gx + c.random.uniform(-8, 8), 874)], tilt, x, 520)
        c.line(start, end, c.random.uniform(2, 6), lit(wood, c.random.uniform(-0.4, 0.15)), 0.35)
    c.paint(turned(ellipse(x, 185, 22, 22), tilt, x, 520), lit(wood, -0.7))


def notebooks(c: Canvas, colors: list[str]) -> None:
    x = c.middle
    for number, color in enumerate(colors):
        tilt, dx = -16 + number * 14, (number - 1) * 90
        cover = box(x - 190 + dx, 240, x + 190 + dx, 800, 18)
        c.paint([(px + 20, py + 26) for px, py in turned(cover, tilt, x, 560)], SHADOW, 20, 0.4)
        pages = box(x - 176 + dx, 250, x + 197 + dx, 807, 10)
        c.paint(turned(pages, tilt, x, 560), "#f4efe2")
        c.paint(turned(cover, tilt, x, 560), fading(color, 0.15, -0.15))
        spine = box(x - 190 + dx, 240, x - 140 + dx, 800, 12)
        c.paint(turned(spine, tilt, x, 560), lit(color, -0.3))
        plate = box(x - 70 + dx, 330, x + 120 + dx, 430, 8)
        c.paint(turned(plate, tilt, x, 560), "#f7f1e4", opacity=0.9)


def bulb(c: Canvas, glow: str) -> None:
    x = c.middle
    c.shadow(x, 890, 120)
    c.paint(ellipse(x, 420, 330, 330), glow, 90, 0.45)
    right = [(0, 150), (190, 240), (230, 420), (150, 590), (84, 700)]
    left = [(-dx, y) for dx, y in reversed(right[1:])]
    glass = smooth([(x + dx, y) for dx, y in right + left])
    c.paint(glass, round_fill(mixed(glow, "#ffffff", 0.55), 0.8), opacity=0.92)
    for dx in (-50, 0, 50):
        c.line((x + dx, 400), (x + dx * 0.4, 640), 5, "#c9822b")
        c.line((x + dx, 400), (x + dx + 25, 440), 5, "#e59a35")
    c.paint(box(x - 86, 690, x + 86, 850, 10), round_fill("#a9adb0", 0.7))
    for y in range(705, 845, 28):
        c.paint(box(x - 92, y, x + 92, y + 13, 6), round_fill("#8c9194", 0.8))
    c.paint(lathe(x, [(850, 60), (890, 30)]), round_fill("#3a3d40"))
    c.paint(ellipse(x - 110, 320, 34, 80), "#ffffff", 16, 0.8)


def _label(c: Canvas, x: float, top: float, bottom: float, half: float, color: str) -> None:
    """Paint a paper label around a body, with a mark and lines in place of words."""
    c.paint(box(x - half, top, x + half, bottom), round_fill(color, 0.25))
    middle, ink = (top + bottom) / 2, lit(color, -0.7)
    c.paint(ellipse(x, middle - 30, half * 0.22, half * 0.22), ink, opacity=0.85)
    c.paint(ellipse(x, middle - 30, half * 0.13, half * 0.13), lit(color, 0.1))
    for row, share in enumerate((0.62, 0.44, 0.3)):
        y = middle + 25 + row * 20
        c.paint(box(x - half * share, y, x + half * share, y + (9 if row == 0 else 5)), ink, 0, 0.8)


def _speckles(c: Canvas, place, color, count: int) -> None:
    for _ in range(count):
        x, y = place()
        r = c.random.uniform(1.2, 3.4)
        c.paint(ellipse(x, y, r, r), lit(color, -0.55), opacity=0.45)


def _inside(c: Canvas, x: float, y: float, r: float) -> tuple[float, float]:
    angle, distance = c.random.uniform(0, 2 * pi), r * c.random.random() ** 0.5
    return x + cos(angle) * distance, y + sin(angle) * distance


def _wall(c: Canvas):
    """Return the background color, which shows through a handle."""
    pixel = c.image.getpixel((3, int(560 * c.unit)))
    assert isinstance(pixel, tuple)
    red, green, blue = pixel[:3]
    return red, green, blue
