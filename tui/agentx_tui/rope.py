"""Text that grows at its end: a frozen value whose growth costs the same however long it has become."""

from dataclasses import dataclass

BLOCK_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class Rope:
    """Blocks of equal length and a shorter rest, so that two ropes of the same text are equal however they grew."""

    blocks: tuple[str, ...] = ()
    rest: str = ""

    def __add__(self, text: str) -> "Rope":
        rest = self.rest + text
        if len(rest) < BLOCK_CHARACTERS:
            return Rope(self.blocks, rest)
        whole = len(rest) // BLOCK_CHARACTERS * BLOCK_CHARACTERS
        new = tuple(rest[at : at + BLOCK_CHARACTERS] for at in range(0, whole, BLOCK_CHARACTERS))
        return Rope(self.blocks + new, rest[whole:])

    def __len__(self) -> int:
        return len(self.blocks) * BLOCK_CHARACTERS + len(self.rest)

    def __str__(self) -> str:
        return "".join(self.blocks) + self.rest

    def since(self, start: int) -> str:
        """The text from character `start` on; costs what that piece costs."""
        block, offset = divmod(start, BLOCK_CHARACTERS)
        return "".join((*self.blocks[block:], self.rest))[offset:]

    def goes_on_from(self, before: "Rope") -> bool:
        """Whether it begins with that text; costs little where it has grown from it."""
        whole = len(before.blocks)
        at_rest = (*self.blocks[whole : whole + 1], self.rest)[0]
        return self.blocks[:whole] == before.blocks and at_rest.startswith(before.rest)
