"""When Python looks for garbage: at the end of a turn, not while text streams.

A full search walks all objects and held the screen up for a quarter of a second, several times a minute.
"""

import gc

SELDOM = (50_000, 20, 1_000)


def hold() -> None:
    """None at all until `only_at_rest`: while all is imported there is none to be found."""
    gc.disable()


def only_at_rest() -> None:
    """From here on full searches are left to `search`; what is there now stays and is never looked through."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*SELDOM)


def search() -> None:
    gc.collect()
