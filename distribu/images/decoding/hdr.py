"""Conversion of HDR colors, as browsers do it for a screen without HDR.

Both signals are read as light in multiples of reference white, 203 candela per square meter (ITU-R
BT.2408). The highlights of a mastering screen of 1,000 candela are then compressed, by one gain
for all three colors, like the reference white tone mapping of SMPTE ST 2094-50.
"""

from math import exp, sqrt

from .color_codes import (
    PQ,
    PRIMARIES,
    Matrix,
    Row,
    inverse,
    primaries_under_d50,
    times,
    transposed,
)

_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
_PEAK = _PEAK_NITS / _WHITE_NITS
# The curve above white: a parabola from (1, 0.5) over this point to (_PEAK, 1).
_DARKENING = 0.5
_MIDDLE = (1.65, 0.825)


class HdrColors:
    """Callable that converts HDR colors to sRGB; input and output range from 0 to 1."""

    def __init__(self, primaries: int, transfer: int):
        self._is_pq = transfer == PQ
        place = PRIMARIES.get(primaries, PRIMARIES[1])
        wide, narrow = (transposed(primaries_under_d50(*one)) for one in (place, PRIMARIES[1]))
        self._to_srgb = _product(inverse(narrow), wide)
        self._brightness = wide[1]

    def __call__(self, red: float, green: float, blue: float) -> tuple[float, float, float]:
        light = self._light((red, green, blue))
        gain = _gain(max(light))
        r, g, b = map(_srgb_signal, times(self._to_srgb, [gain * part for part in light]))
        return r, g, b

    def _light(self, signals: tuple[float, float, float]) -> list[float]:
        """Return the linear light of each signal; 1 is reference white."""
        if self._is_pq:
            return [_pq_light(signal) for signal in signals]
        scene = [_hlg_light(signal) for signal in signals]
        brightness = sum(a * b for a, b in zip(self._brightness, scene, strict=True))
        # The system gamma of the mastering screen.
        return [_PEAK * max(brightness, 0.0) ** 0.2 * part for part in scene]


def _pq_light(signal: float) -> float:
    """Return the light of a PQ signal (SMPTE ST 2084)."""
    root = signal ** (1 / 78.84375)
    share = max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    # float() for the type checker: a power is complex only if its base is negative.
    return float(10_000 / _WHITE_NITS * share ** (1 / 0.1593017578125))


def _hlg_light(signal: float) -> float:
    """Return the scene light of an HLG signal (ITU-R BT.2100)."""
    if signal <= 0.5:
        return signal * signal / 3
    return (exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _gain(brightest: float) -> float:
    """Return the gain for a color from its brightest channel."""
    if brightest <= 1:
        return _DARKENING
    if brightest >= _PEAK:
        return 1 / brightest
    # The brightness's place on the parabola, from 0 to 1.
    linear, square = 2 * (_MIDDLE[0] - 1), 1 - 2 * _MIDDLE[0] + _PEAK
    at = (sqrt(linear * linear + 4 * square * (brightest - 1)) - linear) / (2 * square)
    rest = 1 - at
    return (rest * rest * _DARKENING + 2 * at * rest * _MIDDLE[1] + at * at) / brightest


def _product(one: Matrix, other: Matrix) -> list[Row]:
    return transposed([times(one, column) for column in transposed(other)])


def _srgb_signal(light: float) -> float:
    light = min(1.0, max(0.0, light))
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
