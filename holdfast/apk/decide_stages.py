"""The checks on the APK itself, its version and its format; decide.py has their order.

A check takes the case and gives a refusal, or None where it has nothing against it. Sources:
PackageManagerService (installPackageLI, preparePackageLI), InstallPackageHelper,
ScanPackageUtils and VerifyingSession of the versions named at each rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.apk.codes import Code
from holdfast.apk.decide_case import Case, Refusal, failed_scan
from holdfast.apk.decision import InstalledPackage
from holdfast.apk.signing_details import Scheme
from holdfast.apk.texts import Message
from holdfast.apk.verification import Reason

__all__ = [
    "abis",
    "already_exists",
    "base_missing",
    "certificates",
    "code_missing",
    "downgrade",
    "libraries",
    "malformed",
    "older_sdk",
    "opting_out",
    "restricted",
    "scheme_too_old",
    "split_missing",
    "target_sdk_floor",
    "test_only",
    "updatable",
]

VERSION = "version code"


def base_missing(case: Case) -> Refusal | None:
    if case.candidate.manifest.split_name is None:
        return None
    text = "Full install must include a base package"
    return Refusal(code=Code.INVALID_APK, text=text, why="a split APK alone cannot be installed")


def certificates(case: Case) -> Refusal | None:
    """The signature as this level verifies it."""
    verification = case.candidate.verification
    if case.signing is not None:
        return None
    findings = {finding.reason: finding for finding in verification.findings}
    why = "; ".join(f.detail for f in verification.findings) or "the signature is not accepted"
    code, text = Code.NO_CERTIFICATES, _broken_signature(case, set(findings))
    if Reason.ARCHIVE_MALFORMED in findings or Reason.DUPLICATE_ENTRY in findings:
        code, text = _not_an_apk(case)
    elif Reason.SCHEME_TOO_OLD_FOR_TARGET_SDK in findings:
        text = failed_scan(case, case.says(Message.SCHEME_TOO_OLD))
    elif Reason.SCHEME_TOO_OLD_FOR_SANDBOX in findings:
        text = case.says(Message.SCHEME_TOO_OLD_FOR_SANDBOX)
    elif Reason.MANIFEST_MISSING in findings:
        code, text = Code.BAD_MANIFEST, case.says(Message.NO_MANIFEST)
    elif {Reason.JAR_NO_MANIFEST, Reason.JAR_NO_SIGNATURES} & set(findings):
        text = case.says(Message.NO_SIGNATURE)
    elif Reason.JAR_ENTRY_SIGNERS_DIFFER in findings:
        code = Code.INCONSISTENT_CERTIFICATES
        text = case.says(Message.ENTRY_SIGNERS_DIFFER, name="AndroidManifest.xml")
    return Refusal(code=code, text=text, why=why)


def _not_an_apk(case: Case) -> tuple[Code, str]:
    if case.api < 24:
        return Code.INVALID_APK, ""
    return Code.NOT_APK, case.says(Message.NOT_APK)


def _broken_signature(case: Case, reasons: set[Reason]) -> str:
    scheme = case.candidate.verification.scheme
    named = "" if scheme in {None, Scheme.V1} else f" using APK Signature Scheme {scheme}"
    cause = ""
    if Reason.CONTENT_DIGEST_WRONG in reasons:
        cause = ": SHA-256 digest of contents did not verify"
    # Apps hear of v3.1 as v3: the verifier has one name for both.
    named = named.replace("v3.1", "v3")
    return case.says(Message.BROKEN_SIGNATURE, scheme=named, cause=cause)


def downgrade(case: Case) -> Refusal | None:
    """installLocationPolicy (≤11), VerificationParams and VerifyingSession (≥12)."""
    owner, new = case.record, case.candidate.manifest.version_code
    if owner is None:
        return None
    if case.api < 24 and case.replacing is None:
        return None
    if not owner.installed and not owner.code_in_memory and case.api < 36:
        return None
    if not _may_downgrade(case, owner):
        return _older(case, owner)
    floor = _preloaded_version(case, owner)
    if floor is None or new >= floor:
        return None
    text = case.says(Message.DOWNGRADE_BELOW_PRELOAD, what=VERSION, new=new, old=floor)
    why = f"version {new} is below the preloaded version {floor}"
    return Refusal(code=Code.VERSION_DOWNGRADE, text=text, why=why)


def _preloaded_version(case: Case, owner: InstalledPackage) -> int | None:
    """What `-d` cannot go below: from 12 on, system apps on user builds; else None."""
    free = case.api < 31 or case.rules.debuggable_build or owner.debuggable
    if free or not (owner.system or owner.preload):
        return None
    return owner.preload.version_code if owner.preload else owner.version_code


def _older(case: Case, owner: InstalledPackage) -> Refusal | None:
    """checkDowngrade: the version, then (from 5.1 on) the revisions of base and splits."""
    for what, new, old in _versions(case, owner):
        if new > old and what == VERSION:
            return None
        if new >= old:
            continue
        left_behind = not owner.installed and case.api >= 36
        kind = Message.DOWNGRADE_AFTER_UNINSTALL if left_behind else Message.DOWNGRADE
        log = case.says(Message.DOWNGRADE_LOG, what=what, new=new, old=old)
        text = case.says(kind, what=what, new=new, old=old)
        why = f"{what} {new} is older than {old}, which is what the data belongs to"
        return Refusal(code=Code.VERSION_DOWNGRADE, text=text, why=why, log=log)
    return None


def _versions(case: Case, owner: InstalledPackage) -> Iterator[tuple[str, int, int]]:
    """What is compared, in this order: (its name, the candidate's, the owner's)."""
    manifest, revisions = case.candidate.manifest, owner.revision_codes
    yield VERSION, manifest.version_code, owner.version_code
    if case.api < 22:
        return
    yield "base revision code", manifest.revision_code, revisions.get("", 0)
    for name, revision in case.candidate.splits.items():
        if name in revisions:
            yield f"split {name} revision code", revision, revisions[name]


def _may_downgrade(case: Case, owner: InstalledPackage) -> bool:
    delivery, api = case.delivery, case.api
    if not delivery.allow_downgrade:
        return False
    if api < 24:
        return True
    if case.rules.debuggable_build:
        return True
    if api < 29:
        return owner.debuggable
    if api < 34:
        return delivery.root or delivery.door.is_shell
    return delivery.root or owner.debuggable


def older_sdk(case: Case) -> Refusal | None:
    needs = case.candidate.manifest.min_sdk
    if needs <= case.api:
        return None
    line = case.candidate.manifest.uses_sdk_line
    return Refusal(
        code=Code.OLDER_SDK,
        text=case.says(Message.OLDER_SDK, new=needs, old=case.api, line=line),
        why=f"it needs API {needs}, the device has {case.api}",
    )


def split_missing(case: Case) -> Refusal | None:
    """From 10 on a base APK may ask for its splits."""
    candidate = case.candidate
    if case.api < 29 or candidate.splits or not candidate.manifest.is_split_required:
        return None
    text = case.says(Message.SPLIT_MISSING)
    return Refusal(code=Code.MISSING_SPLIT, text=text, why="it needs its split APKs")


def malformed(case: Case) -> Refusal | None:
    """What the parser refuses of an app that targets 11 or 12 and later."""
    manifest = case.candidate.manifest
    if case.api >= 30 and manifest.target_sdk >= 30 and not manifest.resources_aligned:
        text = case.says(Message.RESOURCES_UNALIGNED)
        why = "resources.arsc is compressed or not aligned"
        return Refusal(code=Code.RESOURCES_ARSC_COMPRESSED, text=text, why=why)
    if case.api >= 31 and manifest.target_sdk >= 31 and manifest.exported_left_open:
        first = manifest.exported_left_open[0]
        text = case.says(Message.EXPORTED_LEFT_OPEN, name=first.name, line=first.line)
        why = f"{first.name} has an intent filter and does not say android:exported"
        return Refusal(code=Code.MANIFEST_MALFORMED, text=text, why=why)
    return None


def target_sdk_floor(case: Case) -> Refusal | None:
    """14: 23; 15 and 16: 24. Test-only APKs pass, and the shell may switch it off."""
    if case.api < 34:
        return None
    delivery, target = case.delivery, case.candidate.manifest.target_sdk
    floor = 23 if case.api == 34 else 24
    may_bypass = delivery.root or delivery.door.is_shell or case.rules.debuggable_build
    bypassed = delivery.bypass_low_target_sdk and may_bypass
    if target >= floor or bypassed or case.candidate.manifest.test_only:
        return None
    return Refusal(
        code=Code.DEPRECATED_SDK_VERSION,
        text=case.says(Message.TARGET_SDK_TOO_LOW, old=floor, new=target),
        why=f"targetSdk {target} is below {floor}, the least that this Android installs",
    )


def test_only(case: Case) -> Refusal | None:
    """From 11 on only the shell's (and root's) `-t` counts."""
    delivery = case.delivery
    allowed = delivery.allow_test and (case.api < 30 or delivery.root or delivery.door.is_shell)
    if not case.candidate.manifest.test_only or allowed:
        return None
    text = case.says(Message.TEST_ONLY)
    return Refusal(code=Code.TEST_ONLY, text=text, why="it is marked testOnly; that takes -t")


def updatable(case: Case) -> Refusal | None:
    """`updatableSystem="false"` (15 and later): of the update, then of what is installed."""
    if case.api < 35 or case.delivery.root:
        return None
    if not case.candidate.manifest.updatable:
        text = case.says(Message.NOT_UPDATABLE)
        why = "its manifest says that it is no update, and no app to be installed"
        return Refusal(code=Code.INVALID_APK, text=text, why=why)
    old = case.installed
    if old is not None and not old.updatable:
        text = case.says(Message.NOT_ALLOWED)
        return Refusal(
            code=Code.SESSION_INVALID, text=text, why="what is installed takes no update"
        )
    return None


def opting_out(case: Case) -> Refusal | None:
    """What only a replaced package can run into: runtime permissions, persistence, sandbox."""
    old, new = case.replacing, case.candidate.manifest
    if old is None:
        return None
    if case.api >= 23 and old.target_sdk > 22 >= new.target_sdk:
        text = case.says(Message.PERMISSION_MODEL, new=new.target_sdk, old=old.target_sdk)
        why = "the update would step back to install-time permissions"
        return Refusal(code=Code.PERMISSION_MODEL_DOWNGRADE, text=text, why=why)
    if case.api >= 28 and old.persistent and not (case.delivery.staged and case.api >= 29):
        text = case.says(Message.PERSISTENT)
        return Refusal(code=Code.INVALID_APK, text=text, why="persistent apps are not updatable")
    older, newer = old.target_sandbox_version, new.target_sandbox_version
    if 26 <= case.api <= 27 and newer < older:
        text = case.says(Message.SANDBOX, new=newer, old=older)
        why = "targetSandboxVersion may not go down"
        return Refusal(code=Code.SANDBOX_VERSION_DOWNGRADE, text=text, why=why)
    return None


def abis(case: Case) -> Refusal | None:
    needs, has = case.candidate.manifest.native_abis, case.rules.abis
    if has is None or not needs or set(needs) & set(has):
        return None
    why = f"native code for {', '.join(needs)} only"
    return Refusal(code=Code.NO_MATCHING_ABIS, text=case.says(Message.ABIS), why=why)


def already_exists(case: Case) -> Refusal | None:
    if case.installed is None or case.replacing is not None:
        return None
    text = case.says(Message.ALREADY_EXISTS)
    return Refusal(code=Code.ALREADY_EXISTS, text=text, why="replacing was not asked for")


def restricted(case: Case) -> Refusal | None:
    """From 7 on a system app may name the one update that it takes, by its hash."""
    old, sha512 = case.replacing, case.candidate.sha512
    if old is None or not old.system or old.restrict_update_hash is None or sha512 is None:
        return None
    if old.restrict_update_hash == sha512:
        return None
    text = case.says(Message.RESTRICTED)
    why = "it is not the one update that the system app names in its <restrict-update>"
    return Refusal(code=Code.INVALID_APK, text=text, why=why)


def scheme_too_old(case: Case) -> Refusal | None:
    """targetSdk 30 wants v2 from 11 on; noticed only when the package is scanned."""
    verification = case.candidate.verification
    if verification.accepted or case.api < 30:
        return None
    text = failed_scan(case, case.says(Message.SCHEME_TOO_OLD))
    why = "a targetSdk of 30 or more wants a v2 signature or a newer one"
    return Refusal(code=Code.NO_CERTIFICATES, text=text, why=why)


def code_missing(case: Case) -> Refusal | None:
    """From 7 on an app that says it has code has to have it (assertCodePolicy)."""
    if case.api < 24 or not case.candidate.manifest.code_missing:
        return None
    text = failed_scan(case, case.says(Message.CODE_MISSING))
    why = "it has no classes.dex, and does not say hasCode=false"
    return Refusal(code=Code.INVALID_APK, text=text, why=why)


def libraries(case: Case) -> Refusal | None:
    has = case.rules.libraries
    for name in case.candidate.manifest.required_libraries:
        if has is not None and name not in has:
            text = case.says(Message.LIBRARY_MISSING, name=name)
            text = failed_scan(case, text, reconciling=True)
            why = f"the device has no shared library {name}"
            return Refusal(code=Code.MISSING_SHARED_LIBRARY, text=text, why=why)
    return None
