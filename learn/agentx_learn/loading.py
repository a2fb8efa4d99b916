"""Calls of `from_pretrained`: what fails is one sentence, and the library stays off the terminal."""

import contextlib
import io
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

import transformers

from agentx.errors import AgentXError, ModelError, ModelFileError, ModelNotFound
from agentx_learn.extra import INSTALL


def pretrained(kind: Any, source: Path | str, **options: Any) -> Any:
    """`kind.from_pretrained`, which runs no code that comes with a model.

    The library would ask on stdin whether it may, and what is piped in there is data, and consents to nothing.
    """
    return kind.from_pretrained(source, trust_remote_code=False, **options)


@contextlib.contextmanager
def sentences(source: str, what: str, name: str = "") -> Generator[None]:
    """What the libraries raise, as one sentence each.

    Args:
        source: what is loaded: a folder or a name of the hub.
        what: as what it is loaded.
        name: as shown to a person; the source itself if empty.
    """
    name = name or source
    try:
        yield
    except (AgentXError, KeyboardInterrupt):
        raise
    except MemoryError as error:
        raise ModelError(f"There is no memory for {name}; choose a smaller model.") from error
    except ImportError as error:
        raise ModelError(f"{name} needs a package that is not installed ({_line(error)}): {INSTALL}.") from error
    except OSError as error:
        if Path(source).is_dir():
            raise ModelFileError(f"{source} cannot be loaded ({_line(error)}); check the files in it.") from error
        raise ModelNotFound(
            f"The hub gave no model `{source}` ({_line(error)}); check the name and the network, or name a "
            "folder or a GGUF file."
        ) from error
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise ModelFileError(
                f"{name} needs code of its own, which AgentX does not run; choose another model."
            ) from error
        if "out of memory" in str(error).lower():
            raise ModelError(f"There is no memory for {name}; choose a smaller model.") from error
        raise ModelFileError(f"{name} cannot be loaded as {what} ({_line(error)}); choose another model.") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


@contextlib.contextmanager
def no_bars() -> Generator[None]:
    """Within it the library draws no progress bars."""
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextlib.contextmanager
def no_advice() -> Generator[None]:
    """Within it the library logs errors alone."""
    logging = transformers.utils.logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Keeps the library's bars and advice off the terminal, which is ours.

    Its bar over the tensors of a GGUF file asks nobody whether it is wanted: it gets another stderr.
    """
    with no_advice(), no_bars(), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
