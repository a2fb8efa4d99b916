"""Ways to write, hide, redirect to and rebind a private address, for `fetches`."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

PUBLIC = "93.184.215.14"
"""Led to a server of the battery, which plays the public web."""
DIVERTED = "93.184.215.99"
"""Looks public, and the connected socket turns out to lead to this machine."""
PRIVATE_IPV4 = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
)
PRIVATE_IPV6 = (
    "::1",
    "::",
    "0:0:0:0:0:0:0:1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "2001:2::1",
    "2001:10::1",
    "3fff::1",
    "5f00::1",
    "3ffe::1",
)

HERE = "127.0.0.1:{port}"
TRICKS = (
    HERE,
    f"//{HERE}",
    f"///{HERE}",
    f"http:{HERE}",
    f"http:/{HERE}/",
    f"http:///{HERE}/",
    f"http:\\\\{HERE}\\",
    f"http:/\\{HERE}/",
    f"\\\\{HERE}\\share",
    f"hTtP://{HERE}/",
    f"https://{HERE}/",
    f" http://{HERE}/ ",
    f"\thttp://{HERE}/",
    f"http://{HERE}\n/",
    f"http://\t{HERE}/",
    f"ht\ntp://{HERE}/",
    f"http://public.example@{HERE}/",
    f"http://public.example:80@{HERE}/",
    f"http://public.example%40{HERE}/",
    f"http://public.example%00@{HERE}/",
    f"http://a@b@{HERE}/",
    f"http://public.example\\@{HERE}/",
    f"http://{HERE}\\@public.example/",
    f"http://{HERE}#@public.example/",
    f"http://{HERE}?@public.example/",
    f"http://{HERE}/@public.example/",
    f"http://{HERE};@public.example/",
    f"http://{HERE}&@public.example/",
    f"http://public.example@{HERE}#@public.example/",
    f"http://{HERE}:80/",
    f"http://{HERE} @public.example/",
    f"http://[{HERE}]/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1]@public.example:{port}/",
    "http://127.0.0.1:0{port}/",
    "http://127.0.0.1:{port}:{port}/",
    "http://127.0.0.1:٨٠/",
    "http://127.0.0.1:/",
    "http://127.0.0.1:99999/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://127.0.0.1%2f.public.example:{port}/",
    "http://127.0.0.1%00.public.example:{port}/",
    "http://127.0.0.1%09:{port}/",
    "http://l%6fcalhost:{port}/",
    "http://127。0。0。1:{port}/",
    "http://127．0．0．1:{port}/",
    "http://127｡0｡0｡1:{port}/",
    "http://１２７.0.0.1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://١٢٧.0.0.1:{port}/",
    "http://১২৭.০.০.১:{port}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "http://ＬＯＣＡＬＨＯＳＴ:{port}/",
    "http://loc\u00adalhost:{port}/",
    "http://localhos\u200bt:{port}/",
    "http://ℓocalhost:{port}/",
    "http://xn--/",
    "http://xn--localhost-:{port}/",
    "http://localhost\u3002:{port}/",
    "http://127.0.0.1..:{port}/",
    "http://.127.0.0.1:{port}/",
    "http://0:{port}/",
    "http://00:{port}/",
    "http://0x0:{port}/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    f"gopher://{HERE}/_GET",
    f"ftp://{HERE}/",
    f"dict://{HERE}/info",
    f"ws://{HERE}/",
    f"jar:http://{HERE}!/",
    f"view-source:http://{HERE}/",
    f"url:http://{HERE}/",
    "data:text/html,<p>x",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
)


@dataclass(frozen=True, slots=True)
class Form:
    """One way; `{port}` is that of the private server, `{number}` that of the form.

    Attributes:
        names: what the resolver says, each time something else, the last for ever.
        location: where the public server sends the reader of `/{number}`, and how.
    """

    kind: str
    url: str
    names: dict[str, list[list[str]]] = field(default_factory=dict[str, list[list[str]]])
    location: str = ""
    how: str = ""


def forms() -> list[Form]:
    """All of them, each once."""
    found = [*_ipv4(), *_ipv6(), *_tricks(), *_names(), *_rebinding(), *_redirects()]
    return list({(form.url, form.how, form.location, str(form.names)): form for form in found}.values())


def _ipv4() -> Iterator[Form]:
    for text in PRIVATE_IPV4:
        a, b, c, d = (int(part) for part in text.split("."))
        number = int(ipaddress.IPv4Address(text))
        for spelled in (
            text,
            f"{text}.",
            f"{number}",
            f"0x{number:08x}",
            f"0X{number:X}",
            f"0{number:o}",
            f"{a}.{b}.{c << 8 | d}",
            f"{a}.{number & 0xFFFFFF}",
            f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
            f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
            f"0x{a:x}.{b}.0{c:o}.{d}",
            f"0000{a:o}.{b}.{c}.{d}",
        ):
            yield Form("spelling of IPv4", f"http://{spelled}:{{port}}/")
        high, low = number >> 16, number & 0xFFFF
        flipped = number ^ 0xFFFFFFFF
        for kind, spelled in (
            ("mapped", f"::ffff:{text}"),
            ("mapped", f"::ffff:{high:x}:{low:x}"),
            ("mapped", f"0:0:0:0:0:ffff:{high:04x}:{low:04x}"),
            ("compatible", f"::{text}"),
            ("translated", f"::ffff:0:{text}"),
            ("NAT64", f"64:ff9b::{text}"),
            ("NAT64", f"64:ff9b:1::{high:x}:{low:x}"),
            ("6to4", f"2002:{high:x}:{low:x}::1"),
            ("Teredo", f"2001:0:5db8:d70e:0:ffff:{flipped >> 16:x}:{flipped & 0xFFFF:x}"),
            ("ISATAP", f"2606:4700::5efe:{high:x}:{low:x}"),
        ):
            yield Form(f"IPv6, {kind}", f"http://[{spelled}]:{{port}}/")


def _ipv6() -> Iterator[Form]:
    for text in PRIVATE_IPV6:
        yield Form("IPv6", f"http://[{text}]:{{port}}/")
        yield Form("IPv6", f"HTTP://[{text.upper()}]:{{port}}/")
    for zone in ("lo", "eth0", "1"):
        for mark in ("%", "%25"):
            yield Form("zone", f"http://[::1{mark}{zone}]:{{port}}/")
            yield Form("zone", f"http://[fe80::1{mark}{zone}]:{{port}}/")


def _tricks() -> Iterator[Form]:
    return (Form("trick", url) for url in TRICKS)


def _names() -> Iterator[Form]:
    for name in ("localhost", "LocalHost", "localhost.", "LOCALHOST.", "sub.localhost", "localhost.localdomain"):
        yield Form("name", f"http://{name}:{{port}}/", {name.lower().rstrip("."): [["127.0.0.1", "::1"]]})
    for name, address in (
        ("ip6-localhost", "::1"),
        ("127.0.0.1.nip.example", "127.0.0.1"),
        ("7f000001.nip.example", "127.0.0.1"),
        ("127-0-0-1.sslip.example", "127.0.0.1"),
        ("metadata.internal.example", "169.254.169.254"),
        ("v6metadata.internal.example", "fd00:ec2::254"),
        ("nat64.example", "64:ff9b::7f00:1"),
        ("mapped.example", "::ffff:127.0.0.1"),
        ("scoped.example", "fe80::1%lo"),
        ("loop-scoped.example", "::1%lo"),
        ("nonsense.example", "127.0.0.1 "),
        ("empty.example", ""),
        ("münchen.example", "127.0.0.1"),
        ("xn--mnchen-3ya.example", "127.0.0.1"),
        ("ⓐ.example", "127.0.0.1"),
    ):
        key = "xn--mnchen-3ya.example" if name.startswith("mü") else name
        yield Form("name", f"http://{name}:{{port}}/", {key: [[address]]})
    for number, answers in enumerate(
        (
            [PUBLIC, "127.0.0.1"],
            ["127.0.0.1", PUBLIC],
            [PUBLIC, "::1"],
            [PUBLIC] * 3 + ["10.0.0.1"],
            ["2606:4700::1111", "::ffff:127.0.0.1"],
        )
    ):
        yield Form("mixed answers", f"http://mixed{number}.example:{{port}}/", {f"mixed{number}.example": [answers]})


def _rebinding() -> Iterator[Form]:
    for number, private in enumerate(("127.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1")):
        name = f"rebind{number}.example"
        for answers in ([[PUBLIC], [private]], [[PUBLIC], [PUBLIC], [private]], [[private], [PUBLIC], [private]]):
            yield Form("rebinding", f"http://{name}:{{port}}/{len(answers)}{answers[0][0]}", {name: answers})
        # The page itself is there; its redirect to the same host asks the resolver again.
        again = {name: [[PUBLIC], [PUBLIC], [private]]}
        yield Form("rebinding", f"http://{name}/{{number}}", again, f"http://{name}:{{port}}/", "302")
    yield Form("diverted", "http://diverted.example:{port}/", {"diverted.example": [[DIVERTED]]})
    yield Form("diverted", f"http://{DIVERTED}:{{port}}/")


def _redirects() -> Iterator[Form]:
    def sent(how: str, location: str, names: dict[str, list[list[str]]] | None = None) -> Form:
        known = {"public.example": [[PUBLIC]], **(names or {})}
        return Form("redirect", "http://public.example/{number}", known, location, how)

    here = "127.0.0.1:{port}"
    for how in ("301", "302", "303", "307", "308", "300", "304", "305", "refresh", "meta", "script", "link", "frame"):
        for location in (f"http://{here}/", "http://[::1]:{port}/", "http://169.254.169.254/latest/meta-data/"):
            yield sent(how, location)
    for location in (
        f"//{here}/",
        f"https://{here}/",
        f"HTTP://{here}/",
        f"http://user:pass@{here}/",
        f"http://public.example@{here}/",
        f"\\\\{here}\\",
        f"/\\{here}/",
        f"///{here}/",
        f"http:{here}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://127。0。0。1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "file:///etc/passwd",
        f"gopher://{here}/_",
        f"ftp://{here}/",
        "data:text/html,<p>x",
        "javascript:alert(1)",
        f"ws://{here}/",
    ):
        yield sent("302", location, {"localhost": [["127.0.0.1"]]})
    yield sent("302", "http://public.example/hop")
    yield sent("307", "http://inner.example:{port}/", {"inner.example": [["10.0.0.1"]]})
    yield sent("302", "http://turned.example:{port}/", {"turned.example": [[PUBLIC], ["127.0.0.1"]]})
    for name in ("robots.example", "robots.public.example"):
        yield Form("robots.txt", f"http://{name}/{{number}}", {name: [[PUBLIC]]}, f"http://{here}/robots.txt", "robots")
