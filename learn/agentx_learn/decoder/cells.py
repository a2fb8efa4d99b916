"""The KV cache of one sequence, as `transformers` wants it, that can be cut, copied and put into bytes.

The library's own cache is copied whole for each token that comes. This one keeps room behind the last cell, so that a
token costs what it takes itself.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

_ROOM = 64
_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


class RoomyLayer(DynamicLayer):
    """Keys and values of one layer: views, of shape (1, heads, cells, width), of buffers with room for more cells.

    With all cells kept, a sliding window is a matter of the mask alone, so that any layer can be cut anywhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffers: tuple[Tensor, Tensor] | None = None

    @property
    def cells(self) -> int:
        return self.keys.shape[-2] if self._buffers and self.keys is not None else 0

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Puts cells behind those that are there; all of them are returned."""
        start = self.cells
        end = start + key_states.shape[-2]
        if self._buffers is None or end > self._buffers[0].shape[-2]:
            self._grow(key_states, value_states, start, max(end + _ROOM, end * 5 // 4))
        assert self._buffers
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = new
        self._show(end)
        assert self.keys is not None
        assert self.values is not None
        return self.keys, self.values

    def cut(self, max_length: int) -> None:
        """Drops all but the first cells."""
        if max_length <= 0:
            self._buffers = self.keys = self.values = None
            self.is_initialized = False
        elif max_length < self.cells:
            self._show(max_length)

    def _grow(self, keys: Tensor, values: Tensor, kept: int, room: int) -> None:
        old = self._buffers
        new = tuple(part.new_empty((*part.shape[:2], room, part.shape[3])) for part in (keys, values))
        self._buffers = new[0], new[1]
        if old:
            for target, source in zip(self._buffers, old, strict=True):
                target[:, :, :kept] = source[:, :, :kept]
        # The library looks at these of a layer that is in use.
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True

    def _show(self, end: int) -> None:
        assert self._buffers
        self.keys, self.values = (buffer[:, :, :end] for buffer in self._buffers)


def attention_layers(config: Any) -> int | None:
    """How many layers of a model have cells; None where one keeps something else, which could not be cut."""
    layers = DynamicCache(config=config).layers
    return len(layers) if all(isinstance(layer, DynamicLayer) for layer in layers) else None


class SequenceCache(DynamicCache):
    """Cells of one sequence: positions `start` to `end`. A sequence that the model goes on with starts at 0."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers: list[RoomyLayer] = [RoomyLayer() for _ in range(layers)]
        self.start = 0

    @property
    def end(self) -> int:
        """The position behind the last; after a batch that was given up the first layers may have cells beyond it."""
        return self.start + min(layer.cells for layer in self.layers)

    def truncate(self, length: int) -> None:
        """Drops the cells from position `length` on."""
        for layer in self.layers:
            layer.cut(length - self.start)
        if length <= self.start:
            self.start = 0

    def extend(self, source: "SequenceCache", start: int, end: int) -> None:
        """Puts copies of the source's cells of positions `start` to `end` behind those that are there.

        Those that are there already are left alone.
        """
        if self.end == self.start:
            self.start = start
        begin = max(start, self.end)
        if begin >= end:
            return
        part = slice(begin - source.start, end - source.start)
        for mine, theirs in zip(self.layers, source.layers, strict=True):
            assert theirs.keys is not None
            assert theirs.values is not None
            mine.update(theirs.keys[:, :, part], theirs.values[:, :, part])

    def to_bytes(self) -> memoryview:
        """The cells with their positions: a head of whole numbers, then the layers' keys and values in turn."""
        tensors = [part for layer in self.layers for part in (layer.keys, layer.values) if part is not None]
        dtype = _DTYPES.index(tensors[0].dtype) if tensors else 0
        shapes = [number for part in tensors for number in (part.shape[1], part.shape[2], part.shape[3])]
        head = np.array([len(tensors), self.start, dtype, *shapes], "<i8")
        flat = [part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy() for part in tensors]
        return np.concatenate([head.view(np.uint8), *flat]).data

    def from_bytes(self, data: memoryview, device: torch.device) -> bool:
        """Puts what `to_bytes` gave in place of what is there; False, and the sequence empty, if it does not fit."""
        self.truncate(0)
        try:
            count, start, dtype = (int(number) for number in np.frombuffer(data, "<i8", 3))
            shapes = np.frombuffer(data, "<i8", 3 * count, 24).reshape(count, 3).tolist()
            if count != 2 * len(self.layers):
                return False
            offset, tensors = 24 + 24 * count, list[Tensor]()
            for shape in shapes:
                size = int(np.prod(shape)) * _DTYPES[dtype].itemsize
                raw = torch.from_numpy(np.frombuffer(data, np.uint8, size, offset).copy())
                tensors.append(raw.view(_DTYPES[dtype]).reshape(1, *shape).to(device))
                offset += size
        except (ValueError, IndexError, RuntimeError):
            return False
        self.start = start
        for i, layer in enumerate(self.layers):
            layer.update(tensors[2 * i], tensors[2 * i + 1])
        return True
