"""Keys for tests: made once for a run, and the corpus's public test keys."""

from __future__ import annotations

from functools import cache

from holdfast.apk.keys import KeyKind, SigningKey
from selftests.holdfast.apk.corpus_cases import FILES

__all__ = ["corpus_key", "made_key"]


@cache
def made_key(name: str, kind: KeyKind = KeyKind.EC_P256) -> SigningKey:
    """The same key for the same name."""
    return SigningKey.generate(kind, common_name=name)


@cache
def corpus_key(name: str) -> SigningKey:
    """One of AOSP's test keys, such as `rsa-2048`."""
    folder = FILES / "keys"
    return SigningKey.load(folder / f"{name}.pk8", certificate=folder / f"{name}.x509.pem")
