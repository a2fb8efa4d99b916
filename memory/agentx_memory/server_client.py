"""A collection of a Chroma server: connected late, its troubles told in one sentence."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from agentx.errors import ConfigError, StorageError
from agentx_memory.hnsw import HNSW
from agentx_memory.naming import check_name
from agentx_memory.store import URL_VARIABLE

NEXT = ".next"
"""Ends the name of a collection that is being made in place of another."""

SCHEMA = 2
"""In the metadata of each collection of AgentX's."""


class ServerCollection:
    """One collection under one embedding model.

    Raises:
        ConfigError: the address or the collection's name cannot be one.
    """

    def __init__(self, url: str, model: str, name: str) -> None:
        check_name(name)
        if name.endswith(NEXT):
            raise ConfigError(
                f"`{name}` cannot name a collection on a Chroma server: a name with `{NEXT}` at its end is for what "
                "`agentx memory reindex` makes; take another one."
            )
        self.url = url
        self.model = model
        self.name = name
        self._host, self._port, self._ssl = _address(url)
        self._client: Any = None

    @contextmanager
    def reading(self, *, own_model: bool = False) -> Generator[Any]:
        """The collection; None if there is none.

        Args:
            own_model: its vectors are to be of the model of this object.

        Raises:
            StorageError: the server does not answer, or not as it should.
            ConfigError: its vectors are of another model.
        """
        with self._sentences():
            found = self._found()
            if found is not None and own_model:
                self._check_model(found)
            yield found

    @contextmanager
    def writing(self) -> Generator[Any]:
        """The collection, made if there is none; raises as `reading`."""
        with self._sentences():
            found = self._found()
            if found is None:
                found = self._made(self.name)
            self._check_model(found)
            yield found

    def stored_model(self) -> str:
        """Name of the model of its vectors; "" where there is no collection."""
        with self._sentences():
            found = self._found()
        return _model(found) if found is not None else ""

    @contextmanager
    def half_made(self) -> Generator[tuple[Any, Any]]:
        """The collection, and one that is being made in its place; None for what is not there, raises as `reading`."""
        with self._sentences():
            yield self._found(), self._beside()

    @contextmanager
    def replacing(self) -> Generator[tuple[Any, Any]]:
        """The collection as it is, and one beside it under the model of this object, for `put_in_place`: a new one, or
        what an earlier attempt has made of it. None for that where there is nothing to replace; raises as `reading`.
        """
        with self.half_made() as (old, new):
            is_own = old is not None and _model(old) == self.model
            if new is not None and (is_own or _model(new) != self.model):
                self._client.delete_collection(new.name)
                new = None
            if new is None and old is not None and not is_own:
                new = self._made(f"{self.name}{NEXT}")
            yield old, new

    def put_in_place(self, new: Any) -> None:
        """The last step of `replacing`; where this process dies within it, the next use of the collection ends it."""
        self._client.delete_collection(self.name)
        new.modify(name=self.name)

    def counts(self) -> dict[str, int]:
        """Chunks in each collection of AgentX's on the server that has any, by name; raises StorageError."""
        with self._sentences():
            self._found()
            listed = [item for item in self._client.list_collections() if _is_ours(item)]
            found = {item.name: item.count() for item in listed if not item.name.endswith(NEXT)}
        return {name: count for name, count in sorted(found.items()) if count}

    def close(self) -> None:
        self._client = None

    def _found(self) -> Any | None:
        found = self._named(self.name)
        if found is None and (new := self._beside()) is not None:
            # Whoever was putting it in place has died in between, and it is all there is.
            new.modify(name=self.name)
            return new
        return found

    def _beside(self) -> Any | None:
        found = self._named(f"{self.name}{NEXT}")
        if found is not None and not _is_ours(found):
            raise ConfigError(
                f"The collection `{self.name}{NEXT}` on {self.url} is none of AgentX's, which needs that name beside "
                f"`{self.name}`; take a collection of another name."
            )
        return found

    def _named(self, name: str) -> Any | None:
        from chromadb.errors import NotFoundError

        if self._client is None:
            self._client = self._connected()
        try:
            return self._client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def _made(self, name: str) -> Any:
        return self._client.get_or_create_collection(
            name,
            configuration={"hnsw": HNSW},
            metadata={"embedding": self.model, "schema": SCHEMA},
            # Given none, Chroma would download a model of its own.
            embedding_function=None,
        )

    def _connected(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        # By default chromadb lets a file .env in the current folder, which may be anyone's, set it up.
        options: dict[str, Any] = {"_env_file": None, "anonymized_telemetry": False}
        return chromadb.HttpClient(self._host, self._port, ssl=self._ssl, settings=Settings(**options))

    def _check_model(self, found: Any) -> None:
        model = _model(found)
        if model != self.model:
            raise ConfigError(
                f"The collection `{self.name}` on {self.url} was made with the embedding model {model}, not "
                f"{self.model or 'an unnamed one'}, and vectors of two models do not mix; `agentx memory reindex` "
                "makes its vectors anew."
            )

    @contextmanager
    def _sentences(self) -> Generator[None]:
        import httpx
        from chromadb.errors import ChromaError

        try:
            yield
        except (ConfigError, StorageError):
            raise
        # A server that cannot be reached is a bare ValueError to chromadb, which says so in these words.
        except (httpx.HTTPError, ChromaError, OSError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
            raise StorageError(
                f"The Chroma server at {self.url} does not do what the memory needs ({reason}); see that `chroma run` "
                f"is running there, or unset {URL_VARIABLE} to use the memory of this machine."
            ) from error


def _is_ours(found: Any) -> bool:
    return (found.metadata or {}).get("schema") == SCHEMA


def _model(found: Any) -> str:
    return str((found.metadata or {}).get("embedding", "an unknown model"))


def _address(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(
            f"{URL_VARIABLE} is to be the address of a Chroma server, such as http://localhost:8000, not `{url}`."
        )
    return parts.hostname, port or (443 if parts.scheme == "https" else 8000), parts.scheme == "https"
