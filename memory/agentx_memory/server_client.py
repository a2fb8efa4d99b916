"""A collection of a Chroma server: connected late, its troubles told in one sentence."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from agentx.errors import ConfigError, StorageError
from agentx_memory.naming import check_name
from agentx_memory.store import URL_VARIABLE

HNSW = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 1000}


class ServerCollection:
    """One collection under one embedding model.

    Raises:
        ConfigError: the address or the collection's name cannot be one.
    """

    def __init__(self, url: str, model: str, name: str) -> None:
        check_name(name)
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
                found = self._client.get_or_create_collection(
                    self.name,
                    configuration={"hnsw": HNSW},
                    metadata={"embedding": self.model, "schema": 2},
                    # Given none, Chroma would download a model of its own.
                    embedding_function=None,
                )
            self._check_model(found)
            yield found

    def stored_model(self) -> str:
        """Name of the model of its vectors; "" where there is no collection."""
        with self._sentences():
            found = self._found()
        return _model(found) if found is not None else ""

    @contextmanager
    def replacing(self) -> Generator[tuple[Any, Any]]:
        """The collection as it is, and one beside it that `put_in_place` puts where it is; raises as `reading`."""
        with self._sentences():
            old: Any = self._found()
            beside = ServerCollection(self.url, self.model, f"{self.name}.next")
            with beside.writing() as new:
                yield old, new

    def put_in_place(self, old: Any, new: Any) -> None:
        """The last step of `replacing`; who dies within it finds the new one again when it tries anew."""
        if old is not None:
            self._client.delete_collection(self.name)
        new.modify(name=self.name)

    def counts(self) -> dict[str, int]:
        """Chunks in each collection of AgentX's on the server that has any, by name; raises StorageError."""
        with self._sentences():
            self._found()
            listed = [item for item in self._client.list_collections() if (item.metadata or {}).get("schema") == 2]
            found = {item.name: item.count() for item in listed if not item.name.endswith(".next")}
        return {name: count for name, count in sorted(found.items()) if count}

    def close(self) -> None:
        self._client = None

    def _found(self) -> Any | None:
        from chromadb.errors import NotFoundError

        if self._client is None:
            self._client = self._connected()
        try:
            return self._client.get_collection(self.name, embedding_function=None)
        except NotFoundError:
            return None

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
