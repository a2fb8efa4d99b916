"""What DATA means: a CSV or JSONL file, a folder of `datasets`, or a name of the hub's datasets."""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from agentx.cli.text import one_line
from agentx_learn.extra import require
from agentx_learn.tuning.rows import DataError, Row, Table, is_data_file, read_file

_SAVED = ("dataset_info.json", "dataset_dict.json")


def read_table(data: str) -> Table:
    """Reads all rows.

    Args:
        data: a file, a folder as `save_to_disk` writes it or of data files, or a name of the hub; the last two may
            end with `#SPLIT`.

    Raises:
        DataError: there is no such thing, it is empty, or it is broken.
        ExtraMissing: it is no file, and the package `datasets` is not installed.
    """
    path = Path(data).expanduser()
    if path.is_file() or is_data_file(path):
        if not path.is_file():
            raise DataError(f"There is no file {data}; name a CSV or JSONL file, or a dataset.")
        if not is_data_file(path):
            raise DataError(f"{data} is of no kind that is known; name a .csv, .tsv, .jsonl or .ndjson file.")
        return read_file(path)
    require("A dataset", "datasets")
    name, split = (data, "") if path.is_dir() or "#" not in data else data.rsplit("#", 1)
    return _rows_of(_one_split(_opened(name), name, split), name)


def _opened(name: str) -> Any:
    import datasets

    folder = Path(name).expanduser()
    if not name.strip() or (name.startswith(("/", "./", "../", "~")) and not folder.is_dir()):
        raise DataError(f"There is no folder `{name}`; name a CSV or JSONL file, or a dataset.")
    is_saved = any((folder / each).is_file() for each in _SAVED)
    # Version 3 would ask on stdin whether it may run the code of a dataset; what is piped in there consents to nothing.
    load: Any = datasets.load_from_disk if is_saved else partial(datasets.load_dataset, trust_remote_code=False)
    bars = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        return load(str(folder) if folder.is_dir() else name)
    # Beside its own errors the library passes on those of pyarrow, of the hub, and of the code that reads the files.
    except Exception as error:
        raise DataError(
            f"The dataset `{name}` cannot be opened ({one_line(str(error), 200).rstrip('.')}); check its name, the "
            "network, and the files in it."
        ) from error
    finally:
        if bars:
            datasets.enable_progress_bars()


def _one_split(opened: Any, name: str, split: str) -> Any:
    if not isinstance(opened, dict):  # of one split alone
        return opened
    splits: dict[str, Any] = opened
    wanted = split or ("train" if "train" in splits else next(iter(splits)) if len(splits) == 1 else "")
    if wanted not in splits:
        raise DataError(f"The dataset `{name}` has the splits {', '.join(splits)}; name one, as in `{name}#SPLIT`.")
    return splits[wanted]


def _rows_of(split: Any, name: str) -> Table:
    # A class is stored as a number, and its name aside.
    classes = {column: feature.names for column, feature in split.features.items() if hasattr(feature, "names")}
    digest = hashlib.sha256()
    rows: list[Row] = []
    for number, values in enumerate(split, 1):
        plain = {column: _named(value, classes.get(column)) for column, value in values.items()}
        digest.update(json.dumps(plain, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
        rows.append(Row(number, plain))
    if not rows:
        raise DataError(f"The dataset `{name}` is empty: it has no rows to learn from.")
    licence = str(getattr(split.info, "license", "") or "")
    return Table(name, rows, list(split.column_names), digest.hexdigest(), unit="row", licence=licence)


def _named(value: Any, names: list[str] | Mapping[int, str] | None) -> Any:
    """The name of a class; -1 means that there is none."""
    if names is None or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None
