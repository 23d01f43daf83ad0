"""The app under test and the updates of it: given by the user, or made and signed here.

Keys are made anew for each session and never leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.apk.archive import Apk
from holdfast.apk.decision import Delivery, Outcome
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.lineage import SigningLineage
from holdfast.apk.manifest import Manifest, read_manifest
from holdfast.apk.predict import Situation, predict
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import SigningOptions, resign, sign
from holdfast.apk.signer_lineage import create_lineage
from holdfast.errors import ConfigurationError, Place
from holdfast.scenario.result import UpdateKind

__all__ = ["AppUnderTest", "Delivered", "UpdateMissing"]

PROBE_PACKAGE = "org.holdfast.probe"
_LABELS = {"zh-CN": "留存测试", "de": "Haltefest", "ar": "اختبار الثبات"}
_PERMISSIONS = tuple(
    f"android.permission.{name}" for name in ("CAMERA", "READ_CONTACTS", "READ_CALENDAR")
)
"""What the probe asks for: planting grants the first two, which it must not lose, and not the
third, which it must not get. It uses none of them."""
_V3_SINCE = 28
_SAME_APP = {
    UpdateKind.UNINSTALL_REINSTALL: "the old version is uninstalled before",
    UpdateKind.FIRMWARE: "the firmware is updated, and the app stays as it is",
}


class UpdateMissing(Exception):
    """There is no such update of this app: the scenario is not covered. The text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What a scenario installs first, and then delivers.

    `fits`: Android takes this update for one by the app's own maker, and newer.
    """

    base: bytes
    update: bytes
    base_manifest: Manifest
    update_manifest: Manifest
    fits: bool
    why: str


class AppUnderTest:
    """The app whose data is guarded. Everything is made once, when it is first asked for."""

    def __init__(self, *, base: bytes | None = None, update: bytes | None = None) -> None:
        self._base = base
        self._update = update
        self._own_key: SigningKey | None = None
        self._other_key: SigningKey | None = None
        self._pairs: dict[UpdateKind, tuple[bytes, bytes]] = {}
        self._fates: dict[tuple[UpdateKind, int, str], tuple[bool, str]] = {}
        self.manifest = read_manifest(_opened(base or self._probe(1)))
        if update:
            other = read_manifest(_opened(update)).package_name
            if other != self.manifest.package_name:
                raise ConfigurationError(
                    f"base and update are different apps: {self.manifest.package_name} and {other}"
                )

    @classmethod
    def from_files(cls, *, base: Path | None, update: Path | None) -> AppUnderTest:
        """The user's APKs; with neither, a probe app of our own. ConfigurationError if they do not
        go together, ApkFormatError if one is no APK."""
        if update and not base:
            raise ConfigurationError("--update needs --base: the app that it is an update of")
        return cls(
            base=_content(base) if base else None,
            update=_content(update) if update else None,
        )

    @property
    def package_name(self) -> str:
        return self.manifest.package_name

    def label(self, locale: str) -> str:
        """What users of that language call the app."""
        labels = self.manifest.labels
        tag = locale.replace("_", "-")
        parts = tag.split("-")
        shorter = ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]
        if len(parts) > 2:
            shorter.insert(1, f"{parts[0]}-{parts[-1]}")
        known = next((labels[t] for t in shorter if t in labels), None)
        return known or self.manifest.label or self.package_name

    def delivered(self, kind: UpdateKind, *, api: int, build_type: str) -> Delivered:
        """What to install and what to deliver. UpdateMissing if there is no such pair here."""
        if kind not in self._pairs:
            self._pairs[kind] = self._pair(kind)
        base, update = self._pairs[kind]
        fits, why = self._fate(kind, api, build_type)
        return Delivered(
            base=base,
            update=update,
            base_manifest=read_manifest(_opened(base)),
            update_manifest=read_manifest(_opened(update)),
            fits=fits,
            why=why,
        )

    def _fate(self, kind: UpdateKind, api: int, build_type: str) -> tuple[bool, str]:
        """Whether this Android takes the update, which has to agree with what it was made for."""
        known = self._fates.get((kind, api, build_type))
        if known:
            return known
        if kind in _SAME_APP:
            return True, _SAME_APP[kind]
        base, update = map(_opened, self._pairs[kind])
        decision = predict(
            base,
            update,
            apis=[api],
            delivery=Delivery(),
            situation=Situation(build_type=build_type),
        )[0]
        goes_in = decision.outcome is not Outcome.REFUSE
        should = kind not in (UpdateKind.OTHER_SIGNER, UpdateKind.DOWNGRADE)
        why = f"Android {api} answers {decision.code}: {decision.why}"
        if goes_in != should:
            raise UpdateMissing(f"this pair of APKs makes no {kind} update on API {api}: {why}")
        self._fates[kind, api, build_type] = (goes_in, why)
        return goes_in, why

    def _pair(self, kind: UpdateKind) -> tuple[bytes, bytes]:
        return self._given_pair(kind) if self._base else self._made_pair(kind)

    def _made_pair(self, kind: UpdateKind) -> tuple[bytes, bytes]:
        old = self._signed(1, self._own())
        if kind is UpdateKind.FIRMWARE:
            return old, old
        new = self._signed(2, self._own())
        if kind is UpdateKind.OTHER_SIGNER:
            return old, self._signed(2, self._other())
        if kind is UpdateKind.DOWNGRADE:
            return new, old
        if kind is UpdateKind.ROTATED:
            lineage = create_lineage(self._own(), self._other())
            return old, self._rotated(lineage)
        return old, new

    def _given_pair(self, kind: UpdateKind) -> tuple[bytes, bytes]:
        base, update = self._base, self._update
        assert base
        if kind is UpdateKind.OTHER_SIGNER:
            return base, resign(_opened(update or base), key=self._other())
        if kind is UpdateKind.FIRMWARE:
            return base, base
        if kind is UpdateKind.UNINSTALL_REINSTALL:
            return base, update or base
        if update is None:
            raise UpdateMissing(f"a {kind} update of this app needs --update")
        if kind is UpdateKind.DOWNGRADE:
            if read_manifest(_opened(update)).version_code <= self.manifest.version_code:
                raise UpdateMissing("base and update have no older and newer version between them")
            return update, base
        if kind is UpdateKind.ROTATED:
            raise UpdateMissing("rotating the signer of a given app takes its maker's key")
        return base, update

    def _own(self) -> SigningKey:
        if self._own_key is None:
            # RSA: the verifiers of Android 5 read it in every scheme.
            self._own_key = SigningKey.generate("rsa-2048", common_name="Holdfast probe")
        return self._own_key

    def _other(self) -> SigningKey:
        if self._other_key is None:
            self._other_key = SigningKey.generate("rsa-2048", common_name="Somebody else")
        return self._other_key

    def _signed(self, version: int, key: SigningKey) -> bytes:
        return sign(self._probe(version), signers=[key])

    def _rotated(self, lineage: SigningLineage) -> bytes:
        return sign(
            self._probe(2),
            signers=[self._own(), self._other()],
            lineage=lineage,
            options=SigningOptions(rotation_min_sdk=_V3_SINCE),
        )

    def _probe(self, version: int) -> bytes:
        return build_probe(
            ProbeSpec(
                package_name=PROBE_PACKAGE,
                version_code=version,
                version_name=f"{version}.0",
                label="Holdfast Probe",
                labels=_LABELS,
                permissions=_PERMISSIONS,
            )
        )


def _opened(content: bytes) -> Apk:
    return Apk.from_bytes(content)


def _content(path: Path) -> bytes:
    """The file, if it is an APK: the error of one that is none names it."""
    try:
        with Apk.from_path(path) as apk:
            read_manifest(apk)
        return path.read_bytes()
    except ApkFormatError as error:
        raise ApkFormatError(error.what, place=error.place or Place(file=path)) from error
