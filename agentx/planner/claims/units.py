"""Units of measure that a figure may be turned into without anybody computing anything new: 1500 m is 1.5 km; and the
names of currencies, which it may not."""

_TABLE: dict[str, dict[float | tuple[float, ...], str]] = {
    "length": {
        0.001: "mm millimetre millimetres millimeter millimeters",
        0.01: "cm centimetre centimetres centimeter centimeters",
        1: "m metre metres meter meters",
        1000: "km kilometre kilometres kilometer kilometers",
        0.0254: "inch inches",
        0.3048: "ft foot feet",
        1609.344: "mi mile miles",
    },
    "mass": {
        0.001: "mg milligram milligrams",
        1: "g gram grams",
        1000: "kg kilogram kilograms kilo kilos",
        1e6: "t tonne tonnes",
        28.349523: "oz ounce ounces",
        453.59237: "lb lbs pound pounds",
    },
    "volume": {
        0.001: "ml millilitre millilitres milliliter milliliters",
        0.01: "cl",
        1: "l litre litres liter liters",
    },
    "time": {
        0.001 / 60: "ms millisecond milliseconds",
        1 / 60: "s sec second seconds",
        1: "min mins minute minutes",
        60: "h hr hrs hour hours",
        1440: "day days",
        10080: "week weeks",
    },
    "data": {
        1: "byte bytes",
        (1e3, 1024): "kB KB KiB kilobyte kilobytes",
        (1e6, 1024**2): "MB MiB megabyte megabytes",
        (1e9, 1024**3): "GB GiB gigabyte gigabytes",
    },
}

FACTORS: dict[str, tuple[float, ...]] = {
    name: factor if isinstance(factor, tuple) else (factor,)
    for units in _TABLE.values()
    for factor, names in units.items()
    for name in names.split()
}
"""For each name of a unit, what one of it is in the base unit of its dimension; two values where usage differs."""

_DIMENSIONS = {name: kind for kind, units in _TABLE.items() for names in units.values() for name in names.split()}

UNIT = "|".join(sorted(FACTORS, key=len, reverse=True))
"""A pattern that matches the name of a unit."""

CURRENCIES = {"€": ("eur", "euro"), "$": ("usd", "dollar"), "£": ("gbp", "pound"), "¥": ("jpy", "yen")}
"""For each sign of a currency, its code and its name."""


def dimension(unit: str) -> str:
    return _DIMENSIONS[unit]
