"""MANIFEST.MF and .SF files: sections of attributes, with the bytes that each section has.

Source: the JAR specification as apksig's ManifestParser reads it: lines end with CR, LF or both,
a line that begins with a space continues the one before, an empty line ends a section, and a
section that does not begin with `Name` has no name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.apk.format_error import ApkFormatError

__all__ = ["JarSection", "NamedDigest", "digest_to_verify", "jar_sections"]

_STRONGEST_FIRST = (("SHA-512", "sha512"), ("SHA-384", "sha384"), ("SHA-256", "sha256"))
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_MOST_LINES = 500_000
_SINCE_STRONGEST_DECIDES = 18
_SHA384_AND_512_SINCE = 9
_OLD_DIGESTS = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA1": "sha1",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JarSection:
    """One section: its attributes in order, and its bytes with the empty line that ends it."""

    attributes: tuple[tuple[str, str], ...]
    encoded: bytes

    @property
    def name(self) -> str | None:
        """The entry that the section is about; None for a section without a name."""
        first, value = self.attributes[0]
        return value if first.lower() == "name" else None

    def value(self, attribute: str) -> str | None:
        """The first attribute of that name, whatever its case; None where there is none."""
        wanted = attribute.lower()
        return next((value for key, value in self.attributes if key.lower() == wanted), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDigest:
    """A digest that a section tells; `algorithm` is a name of hashlib's."""

    algorithm: str
    value: bytes


def jar_sections(content: bytes) -> Iterator[JarSection]:
    """The sections of a file, in order; the first is the main section.

    ApkFormatError for more lines than the entries of an archive can need.
    """
    start, position = 0, 0
    attributes: list[bytes] = []
    for number, line in enumerate(_LINE.finditer(content)):
        if number == _MOST_LINES:
            raise ApkFormatError(f"a manifest of more than {_MOST_LINES} lines")
        position = line.end()
        text = line.group(1)
        if not text:
            if attributes:
                yield _section(attributes, content[start:position])
                attributes = []
            start = position
        elif text.startswith(b" ") and attributes:
            attributes[-1] += text[1:]
        else:
            attributes.append(text)
    if attributes:
        yield _section(attributes, content[start:position])


def _section(attributes: list[bytes], encoded: bytes) -> JarSection:
    pairs = (line.decode("utf-8", errors="replace").partition(": ") for line in attributes)
    return JarSection(attributes=tuple((key, value) for key, _, value in pairs), encoded=encoded)


def digest_to_verify(section: JarSection, suffix: str, *, api: int) -> NamedDigest | None:
    """The one digest of a section that a device of that level looks at.

    From API 18 on it is the strongest that is there; before, the first one that
    `Digest-Algorithms` names (SHA-1 where it is absent). ApkFormatError where it is not base64.
    """
    if api < _SINCE_STRONGEST_DECIDES:
        return _old_digest(section, suffix, api)
    for name, algorithm in (*_STRONGEST_FIRST, ("SHA1", "sha1")):
        text = section.value(name + suffix)
        if text is not None:
            return NamedDigest(algorithm=algorithm, value=_decode(text))
    return None


def _old_digest(section: JarSection, suffix: str, api: int) -> NamedDigest | None:
    for name in (section.value("Digest-Algorithms") or "SHA SHA1").split():
        text = section.value(name + suffix)
        algorithm = _OLD_DIGESTS.get(name.upper())
        if text is None or algorithm is None:
            continue
        if algorithm in ("sha384", "sha512") and api < _SHA384_AND_512_SINCE:
            continue
        return NamedDigest(algorithm=algorithm, value=_decode(text))
    return None


def _decode(text: str) -> bytes:
    """Base64 as java.util.Base64 decodes it: no foreign characters, padding may be absent."""
    try:
        padded = text if "=" in text else text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApkFormatError(f"a digest that is not base64: {text[:80]!r}") from error
