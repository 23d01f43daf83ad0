"""The firmwares of the proof: which are without fault, which have a bad store, and their stores."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.lab.inventory import VirtualSpec
from holdfast.scenario.bench import bench_for
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.result import Route
from selftests.holdfast.userdata.rehearsal import Rehearsal
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.system.personality import Mismatch, list_personalities, load_personality

__all__ = ["BAD_STORE", "good_firmwares", "good_routes", "newer_firmware", "store_of"]

BAD_STORE = "nut-pro-2-before-4.2.5.1"
_PROMPTS = "prompt-"
"""Personalities of this name are made for what is wrong, or rare, about their prompts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushingStore:
    """How the store of a virtual device is made to push (holdfast.scenario.routes.Store)."""

    package: str
    upload_to: str
    push: str


def good_firmwares() -> tuple[str, ...]:
    """Every personality that can be expected to keep user data, at least away from its store."""
    return tuple(name for name in list_personalities() if not name.startswith(_PROMPTS))


def good_routes(personality: str) -> tuple[Route, ...]:
    """The routes on which this firmware is without fault."""
    store = load_personality(personality).store
    bad = (
        store is None
        or store.misjudges_signer
        or (store.on_signature_mismatch is not Mismatch.REFUSE)
    )
    of_apps = (route for route in Route if not route.of_firmware)
    return tuple(route for route in of_apps if not (bad and route is Route.STORE_PUSH))


def store_of(personality: str) -> PushingStore | None:
    store = load_personality(personality).store
    if store is None:
        return None
    return PushingStore(
        package=store.package,
        upload_to="/data/local/tmp/holdfast-update.apk",
        push=f"am broadcast -a {store.push_action} --es {store.path_extra} {{apk}}",
    )


@contextmanager
def newer_firmware(running: Rehearsal, personality: str) -> Iterator[FirmwareOffer]:
    """The next build of the same firmware, offered to a running device."""
    device = running.device
    spec = VirtualSpec(name=device.name, kind="virtual", personality=personality)
    with tempfile.TemporaryDirectory(prefix="holdfast-proof-") as folder:
        newer, package = Path(folder) / "newer.yaml", Path(folder) / "ota.zip"
        build = {"incremental": f"{device.build.incremental}.1"}
        newer.write_text(json.dumps({"extends": personality, "build": build}), encoding="utf-8")
        package.write_bytes(build_package(PackagePlan(target=str(newer))))
        bench = bench_for(
            spec,
            replace(running.endpoint, fastboot=None),
            journal=device.journal,
            ledger=device.ledger,
            deadline=Deadline.after(60.0),
            permit=lambda: None,
        )
        yield FirmwareOffer(bench=bench, package=package)
