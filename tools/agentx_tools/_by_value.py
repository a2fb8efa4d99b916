"""Pickles the functions and classes of a program by what they are, since no module holds them later."""

import functools
import io
import types
from collections.abc import Callable
from typing import Any

import cloudpickle

from agentx_tools._gone import refuse

_CACHED = type(functools.cache(len))


class _Globals:
    """Stands for the variables of `__main__`: a function that is kept sees those of the program that calls it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _globals, ()


def _globals() -> dict[str, Any]:
    import sys

    return sys.modules["__main__"].__dict__


def _cached(parameters: dict[str, Any], function: Callable[..., Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


class ByValue(cloudpickle.Pickler):
    """As cloudpickle does, but a function takes none of its module's variables along: they are kept by themselves.

    Else a function would see for ever what they were when it was kept, and one that cannot be kept, or is too large,
    would take each function with it that names it.
    """

    def __init__(self, file: Any, main: types.ModuleType) -> None:
        super().__init__(file, protocol=5)
        self._variables = main.__dict__
        self.globals_ref[id(self._variables)] = _Globals()

    def reducer_override(self, obj: Any) -> Any:
        refuse(obj)
        if isinstance(obj, _CACHED) and obj.__module__ == "__main__":
            # Python's own way names it, as if a module held it.
            return _cached, (obj.cache_parameters(), obj.__wrapped__)
        if isinstance(obj, io.TextIOWrapper):  # which would come back as what is left to be read
            raise TypeError("cannot pickle '_io.TextIOWrapper' object")
        reduced: Any = super().reducer_override(obj)
        if isinstance(obj, types.FunctionType) and obj.__globals__ is self._variables and reduced is not NotImplemented:
            _, _, (_, slots), *_ = reduced
            slots["__globals__"] = {}
        return reduced
