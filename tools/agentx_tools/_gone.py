"""Stands for what a kept variable names and nothing holds any more: what a module of the workspace had, for one."""

import pickle
from typing import Any

CANNOT_BE_PICKLED = "it cannot be pickled"


class NotThere(Exception):
    """What is to be kept is not there, or holds what is not."""


class Reader(pickle.Unpickler):
    """Reads what was kept, as far as it is still there."""

    def load(self) -> Any:
        _Gone.reading = True
        try:
            return super().load()
        finally:
            _Gone.reading = False

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return super().find_class(module_name, global_name)
        except Exception:  # whatever a module of the workspace raises
            name = global_name if module_name == "__main__" else f"{module_name}.{global_name}"
            return _Gone(name, (_Nothing,), {})


class _Gone(type):
    """The type of what stands for something that is not there though what was kept names it: any use of it raises.

    While what was kept is read, objects of such a class are still made, so that only what holds them is lost.
    """

    reading = False

    def __call__(cls, *_: Any, **__: Any) -> Any:
        if not _Gone.reading:
            raise RuntimeError(f"`{cls.__name__}` was not kept")
        return object.__new__(cls)

    def __getattr__(cls, _: str) -> Any:
        raise AttributeError(f"`{cls.__name__}` was not kept")

    def __instancecheck__(cls, _: Any) -> bool:
        raise RuntimeError(f"`{cls.__name__}` was not kept")


class _Nothing(metaclass=_Gone):
    def __new__(cls, *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        if not _Gone.reading:
            raise TypeError(f"`{type(self).__name__}` was not kept")

    def __getattr__(self, _: str) -> Any:
        if not _Gone.reading:
            raise AttributeError(f"`{type(self).__name__}` was not kept")
        return _Nothing  # appends and updates


def not_there(value: Any) -> str | None:
    """Why there is nothing of a value but what stands for it, or for its class; None for all others."""
    kind = value if issubclass(type(value), _Gone) else type(value)
    if not issubclass(type(kind), _Gone):
        return None
    return f"`{kind.__name__}` cannot be imported" if "." in kind.__name__ else CANNOT_BE_PICKLED


def refuse(value: Any) -> None:
    """Raises for what cannot be kept since it is not there."""
    if why := not_there(value):
        raise NotThere(why)
