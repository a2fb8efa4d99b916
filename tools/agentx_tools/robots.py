"""What sites ask robots to leave alone: their robots.txt, read as RFC 9309 says, and kept for the session."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentx.errors import ToolError
from agentx_tools.addresses import NoAddress
from agentx_tools.download import DownloadFailed, Limits, download
from agentx_tools.remembered import Remembered

if TYPE_CHECKING:
    from agentx_tools.connections import Network

TOKEN = "agentx"
LIMITS = Limits(max_bytes=512 * 1024, total_s=5.0, redirects=5, cuts=True)

_KEPT_S = 3600.0
_FAILURE_KEPT_S = 60.0
"""A site that is down for a moment is asked again soon."""
_GROUP = re.compile(r"\s*user[-\s]*agent\b[\s:]*([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site said; `parser` is Protego's, None if all is allowed; `failure` says why it could not be asked."""

    parser: Any = None
    failure: str = ""


class Robots:
    """The rules of the sites that were asked; `network` as for `download`."""

    def __init__(self, network: "Network | None" = None) -> None:
        self._network = network
        self._known: Remembered[Rules] = Remembered(256)

    async def check(self, target: Any) -> None:
        """Raises ToolError if the site does not want a robot at this address, an httpx.URL, or cannot say."""
        site = f"{target.scheme}://{target.netloc.decode('ascii')}"
        rules = self._known.get(site)
        if rules is None:
            rules = await self._asked(site, target.raw_host.decode("ascii"))
            self._known.keep(site, rules, _FAILURE_KEPT_S if rules.failure else _KEPT_S)
        if rules.failure:
            raise ToolError(
                f"{site} does not say what robots may fetch ({rules.failure}), so nothing is fetched there; try later, "
                "or another site."
            )
        if rules.parser is not None and not rules.parser.can_fetch(str(target), TOKEN):
            raise ToolError(
                f"{target} may not be fetched: {site}/robots.txt asks robots to stay away; try another site."
            )

    async def _asked(self, site: str, host: str) -> Rules:
        try:
            document = await download(f"{site}/robots.txt", limits=LIMITS, network=self._network)
        except DownloadFailed as error:
            # A site that has no rules, or does not show them, allows all; one that is out of order allows nothing.
            return Rules() if error.status is not None and error.status < 500 else Rules(failure=str(error).rstrip("."))
        except NoAddress as error:
            if error.host == host:
                raise
            return Rules(failure=f"its robots.txt leads elsewhere: {str(error).rstrip('.')}")
        except ToolError as error:
            return Rules(failure=str(error).rstrip("."))
        text = document.content.decode("utf-8-sig", "replace")
        return Rules(await asyncio.to_thread(_parsed, text))


def _parsed(text: str) -> Any:
    from protego import Protego

    return Protego.parse("\n".join(map(_for_us, text.splitlines())))


def _for_us(line: str) -> str:
    """The line, with other robots' names made one: a file that names thousands would take hours to read."""
    group = _GROUP.match(line)
    if group is None or TOKEN.startswith(group[1].strip().lower().replace("*", "")):
        return line
    return "User-agent: others"
