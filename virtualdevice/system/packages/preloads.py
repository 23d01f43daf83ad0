"""The packages of the system image: read from APKs, or only named by the personality."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from holdfast.apk.archive import Apk, ApkFormatError
from holdfast.apk.decision import Candidate
from holdfast.apk.signing_details import Scheme, SigningDetails
from virtualdevice.system.packages.described import described
from virtualdevice.system.packages.permissions import is_runtime
from virtualdevice.system.packages.records import PackageRecord, PackageUserState
from virtualdevice.system.personality import Personality, PersonalityError, SystemPackage

__all__ = ["factory_record", "platform_signing", "preload_record", "preload_state"]


def platform_signing(brand: str) -> SigningDetails:
    """The signer of a maker's system apps; stands for a certificate, and parses as none."""
    certificate = b"platform certificate of " + brand.encode()
    return SigningDetails(scheme=Scheme.V1, signers=(certificate,))


def preload_state(personality: Personality, record: PackageRecord) -> PackageUserState:
    """What a user has of a package of the image, until that user changes it."""
    return PackageUserState(
        stopped=False,
        not_launched=False,
        first_install_time_ms=personality.build.time_s * 1000,
        runtime_permissions=tuple(
            p for p in record.requested_permissions if is_runtime(p, api=personality.api)
        ),
    )


def preload_record(personality: Personality, name: str, package: SystemPackage) -> PackageRecord:
    """The record of a package as the image has it; `app_id` 0 where the image fixes none, and no
    user has it yet."""
    folder = "priv-app" if package.privileged else "app"
    short = name.rpartition(".")[2].capitalize()
    built_ms = personality.build.time_s * 1000
    plain = PackageRecord(
        name=name,
        app_id=package.app_id,
        version_code=package.version_code,
        version_name=package.version_name or personality.build.release,
        signing=platform_signing(personality.build.brand),
        code_path=f"/system/{folder}/{short}",
        apk_names=(f"{short}.apk",),
        label=package.label or short,
        min_sdk=personality.api,
        target_sdk=personality.api,
        launcher_activity=package.activity if package.screen != "launcher" else "",
        is_system=True,
        is_privileged=package.privileged,
        last_update_time_ms=built_ms,
    )
    return _from_apk(personality, plain, package) if package.apk else plain


def _from_apk(
    personality: Personality, plain: PackageRecord, package: SystemPackage
) -> PackageRecord:
    file = Path(personality.folder) / package.apk
    try:
        candidate = Candidate.of(Apk.from_path(file), api=personality.api, path=plain.base_apk)
    except ApkFormatError as error:
        raise PersonalityError(f"packages.{plain.name}.apk: {error}") from error
    manifest = candidate.manifest
    signing = candidate.signing
    if signing is None or manifest.package_name != plain.name:
        raise PersonalityError(f"packages.{plain.name}.apk: {file} is not that package, signed")
    return replace(
        described(manifest, signing, api=personality.api, code_path=plain.code_path),
        app_id=plain.app_id,
        apk_names=plain.apk_names,
        is_system=True,
        is_privileged=plain.is_privileged,
        last_update_time_ms=plain.last_update_time_ms,
    )


def factory_record(personality: Personality, record: PackageRecord) -> PackageRecord:
    """An updated system app without its update: the image's copy, with the identity and the users
    of the record. Only what the record knows of it where the image has none any more."""
    preload, package = record.preload, personality.packages.get(record.name)
    if preload is None:
        return record
    if package is None:
        return replace(
            record,
            code_path=preload.code_path,
            version_code=preload.version_code,
            version_name=preload.version_name,
            target_sdk=preload.target_sdk,
            signing=preload.signing,
            code_stamp="",
            code_present=True,
            preload=None,
        )
    factory = preload_record(personality, record.name, package)
    return replace(factory, app_id=record.app_id, users=record.users)
