"""From the APK files of a delivery to what the rules judge, or to a refusal before that."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from holdfast.apk.archive import Apk, ApkFormatError
from holdfast.apk.decision import Candidate
from holdfast.apk.manifest import Manifest
from virtualdevice.system.packages.answers import InstallAnswer, refusal

__all__ = ["ApkFile", "Parsed", "parse_delivery"]

SIGNERS_DIFFER = "signatures are inconsistent"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApkFile:
    """`name` is a file name such as base.apk; `path` is where the device holds it meanwhile.

    `inherited`: it is the installed package's, and the session only adds to it. `moves`: the file
    is there for this installation alone, which takes it.
    """

    name: str
    data: bytes
    path: str = ""
    inherited: bool = False
    moves: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A delivery that holds together: the base, and its splits by name."""

    candidate: Candidate
    base: ApkFile
    splits: Sequence[tuple[str, ApkFile]]

    @property
    def manifest(self) -> Manifest:
        return self.candidate.manifest

    @property
    def size_bytes(self) -> int:
        return len(self.base.data) + sum(len(file.data) for _, file in self.splits)

    def sha512(self) -> str:
        """Base64, of the base and the splits one behind the other."""
        digest = hashlib.sha512(self.base.data)
        for _, file in self.splits:
            digest.update(file.data)
        return base64.b64encode(digest.digest()).decode()


def parse_delivery(
    files: Sequence[ApkFile], *, api: int, by_session: bool
) -> Parsed | InstallAnswer:
    """Session validation: each file an APK, one base, one package, one version, one signer."""
    read: list[tuple[ApkFile, Candidate]] = []
    for file in files:
        answer = _read_one(file, api=api, by_session=by_session)
        if isinstance(answer, InstallAnswer):
            return answer
        read.append((file, answer))
    bases = [(file, one) for file, one in read if one.manifest.split_name is None]
    if not bases:
        return refusal("INSTALL_FAILED_INVALID_APK", "Full install must include a base package")
    if len(bases) > 1:
        return refusal("INSTALL_FAILED_INVALID_APK", "Split null was defined multiple times")
    base_file, base = bases[0]
    splits: list[tuple[str, ApkFile]] = []
    revisions: dict[str, int] = {}
    for file, one in read:
        if one.manifest.split_name is None:
            continue
        problem = _inconsistency(file, one, base, [name for name, _ in splits])
        if problem.endswith(SIGNERS_DIFFER) and base_file.inherited and api >= 31:
            problem = "Existing signatures are inconsistent"
        if problem:
            return refusal("INSTALL_FAILED_INVALID_APK", problem)
        splits.append((one.manifest.split_name, file))
        revisions[one.manifest.split_name] = one.manifest.revision_code
    whole = replace(base, splits=revisions)
    return Parsed(candidate=whole, base=base_file, splits=tuple(splits))


def _read_one(file: ApkFile, *, api: int, by_session: bool) -> Candidate | InstallAnswer:
    try:
        apk = Apk.from_bytes(file.data)
        return Candidate.of(apk, api=api, path=file.path or file.name)
    except ApkFormatError:
        if api < 24 and not by_session:
            return refusal("INSTALL_FAILED_INVALID_APK")
        return refusal("INSTALL_PARSE_FAILED_NOT_APK", f"Failed to parse {file.path or file.name}")


def _inconsistency(file: ApkFile, one: Candidate, base: Candidate, seen: Sequence[str]) -> str:
    mine, theirs = one.manifest, base.manifest
    if mine.split_name in seen:
        return f"Split {mine.split_name} was defined multiple times"
    if mine.package_name != theirs.package_name:
        return f"{file.name} package {mine.package_name} inconsistent with {theirs.package_name}"
    if mine.version_code != theirs.version_code:
        return f"{file.name} version code {mine.version_code} inconsistent with " + str(
            theirs.version_code
        )
    mine_signing, their_signing = one.signing, base.signing
    if mine_signing is None or their_signing is None:
        return "" if mine_signing is their_signing else f"{file.name} {SIGNERS_DIFFER}"
    if mine_signing.cert_sha256s != their_signing.cert_sha256s:
        return f"{file.name} {SIGNERS_DIFFER}"
    return ""
