"""What the commands say of an APK and of an update, as values."""

from __future__ import annotations

from typing import Any

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId, find_signing_block
from holdfast.apk.decide import Decision, Door, Outcome
from holdfast.apk.manifest import Manifest, read_manifest
from holdfast.apk.signing_details import Capability, SigningDetails
from holdfast.apk.verify import verify

__all__ = ["decision_facts", "facts_of"]

Facts = dict[str, Any]

_GENERATIONS = (23, 27, 32, 36)
"""One level before v2, before v3, before v3.1, and the newest: who the signer is for each."""


def _manifest_facts(manifest: Manifest) -> Facts:
    return {
        "package_name": manifest.package_name,
        "version_code": manifest.version_code,
        "version_name": manifest.version_name,
        "min_sdk": manifest.min_sdk,
        "target_sdk": manifest.target_sdk,
        "label": manifest.label,
        "labels": dict(manifest.labels),
        "debuggable": manifest.debuggable,
        "test_only": manifest.test_only,
        "shared_user_id": manifest.shared_user_id,
        "split_name": manifest.split_name,
        "permissions": list(manifest.permissions),
        "declared_permissions": list(manifest.declared_permissions),
        "provider_authorities": list(manifest.provider_authorities),
        "launcher_activity": manifest.launcher_activity,
        "has_code": manifest.has_code,
        "allow_backup": manifest.allow_backup,
        "has_fragile_user_data": manifest.has_fragile_user_data,
        "native_abis": list(manifest.native_abis),
    }


def _present_schemes(apk: Apk) -> list[str]:
    """The schemes that have a signature in the file, right or wrong."""
    found = []
    if any(n.startswith("META-INF/") and n.upper().endswith(".SF") for n in apk.names):
        found.append("v1")
    block = find_signing_block(apk)
    ids = {number for number, _ in block.pairs} if block else set()
    named = {BlockId.V2: "v2", BlockId.V3: "v3", BlockId.V31: "v3.1"}
    found.extend(name for number, name in named.items() if number in ids)
    if ids & {BlockId.SOURCE_STAMP_V1, BlockId.SOURCE_STAMP_V2}:
        found.append("source stamp")
    return found


def _capability_names(capabilities: Capability) -> list[str]:
    return [flag.name.lower() for flag in Capability if flag.name and flag in capabilities]


def _lineage(details: SigningDetails) -> list[Facts]:
    """Past signers, oldest first, with what each may still do."""
    past = (
        SigningDetails(scheme=details.scheme, signers=(signer.certificate,))
        for signer in details.past
    )
    return [
        {"cert": one.cert_sha256s[0], "capabilities": _capability_names(signer.capabilities)}
        for one, signer in zip(past, details.past, strict=True)
    ]


def facts_of(apk: Apk, *, file: str) -> Facts:
    """Manifest, schemes, and the signer on each generation of Android with its lineage."""
    signers = []
    for api in _GENERATIONS:
        verification = verify(apk, api=api)
        details = verification.details
        signers.append(
            {
                "api": api,
                "accepted": verification.accepted,
                "scheme": verification.scheme,
                "certs": list(details.cert_sha256s) if details else [],
                "lineage": _lineage(details) if details else [],
            }
        )
    return {
        "file": file,
        **_manifest_facts(read_manifest(apk)),
        "schemes": _present_schemes(apk),
        "signers": signers,
    }


def decision_facts(decision: Decision, *, api: int, door: Door) -> Facts:
    """`decision` is "update" or "refuse": what is taken counts as an update, also where the update
    is another package than the installed one; `data` and `why` tell the difference."""
    refused = decision.outcome is Outcome.REFUSE
    return {
        "api": api,
        "decision": Outcome.REFUSE if refused else Outcome.UPDATE,
        "code": decision.code,
        "text": decision.text,
        "data": decision.data,
        "why": decision.why,
        "shown": decision.shown(api, door),
        "uncertain": decision.uncertain,
    }
