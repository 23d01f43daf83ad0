"""An update that something comes between: where the device ends, and what of its users' data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import LabError
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.recovery import Rung, recover
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.result import Route, ScenarioPlan, UpdateKind, VerdictKind
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest
from selftests.holdfast.firmware.phone import Phone
from selftests.preparations.builds import Builds

__all__ = ["CASES", "Case", "Ended", "fault_in", "run_case"]

ALLOWED_S = 240.0
APP = AppUnderTest()
_V = VerdictKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`fault` is one of the device's; `fits`: the package has to go in. `build` is the name of the
    one that must run in the end; empty: it must be in quarantine."""

    verdict: VerdictKind
    build: str
    package: str = "full.zip"
    fault: str = ""
    route: Route = Route.OTA
    streamed: bool = False
    fits: bool = True
    power: bool = True


def _link_lost(percent: int) -> Mapping[str, Case]:
    """update_engine works on, or goes on; recovery has to be sent it all anew."""
    fault = f"drop_link=download:{percent}%"
    well = Case(verdict=_V.UPDATED_DATA_INTACT, build="newer", fault=fault)
    return {
        f"link lost at {percent} %, local": well,
        f"link lost at {percent} %, streamed": replace(well, streamed=True),
        f"link lost at {percent} %, sideload": replace(
            well, verdict=_V.INCONCLUSIVE, build="base", route=Route.SIDELOAD
        ),
    }


def _stays_out(package: str) -> Case:
    return Case(
        verdict=_V.REFUSED_DATA_INTACT, build="base", package=package, fits=False
    )  # fmt: skip


_POWER_LOST = (
    "download:10%", "download:50%", "download:90%", "verify", "commit", "first_boot",
    "code_optimisation",
)  # fmt: skip

CASES: Mapping[str, Case] = {
    "nothing comes between": Case(verdict=_V.UPDATED_DATA_INTACT, build="newer"),
    **_link_lost(10),
    **_link_lost(50),
    **_link_lost(90),
    **{
        f"power lost: {where}": Case(
            verdict=_V.UPDATED_DATA_INTACT, build="newer", fault=f"die={where}"
        )
        for where in _POWER_LOST
    },
    "power lost and not to be switched on": Case(
        verdict=_V.INCONCLUSIVE, build="", fault="die=download:50%", power=False
    ),
    "full disk": Case(verdict=_V.INCONCLUSIVE, build="base", fault="full_disk"),
    "full disk before the app has data": Case(
        verdict=_V.INCONCLUSIVE, build="base", fault="full_disk=install"
    ),
    **{
        f"{fault}: {where}": Case(
            verdict=_V.UPDATED_DATA_INTACT, build="newer", fault=f"{fault}={where}"
        )
        for fault in ("full_disk", "low_battery", "overheated", "clock_jumps")
        for where in ("download:50%", "verify", "commit", "first_boot", "code_optimisation")
    },
    "slow disk": Case(verdict=_V.UPDATED_DATA_INTACT, build="newer", fault="slow_disk=20"),
    "wrong product": _stays_out("other-product.zip"),
    "broken signature": _stays_out("other-key.zip"),
    "damaged payload": _stays_out("damaged.zip"),
    "a good package refused": Case(
        verdict=_V.FALSE_WARNING, build="base", package="damaged.zip"
    ),
    "first boot fails early": Case(
        verdict=_V.FALSE_WARNING, build="base", package="crashes-early.zip"
    ),
    "first boot fails late": Case(
        verdict=_V.FALSE_WARNING, build="base", package="crashes-late.zip"
    ),
    "the new build loses data": Case(
        verdict=_V.SILENT_LOSS, build="loses-data", package="loses-data.zip"
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """`data` is `kept`, `lost` or `not seen`."""

    name: str
    verdict: VerdictKind
    reasons: tuple[str, ...]
    data: str
    build: str
    in_quarantine: str
    took_s: float

    @property
    def row(self) -> str:
        where = f"on {self.build}" if self.build else "IN QUARANTINE"
        said = self.reasons[0] if self.reasons else ""
        return (
            f"{self.name:37} {self.took_s:5.1f} s  {where:15} {self.verdict:20} "
            f"data {self.data}: {said}"
        )


def run_case(phone: Phone, builds: Builds, name: str, *, quarantine: Path) -> Ended:
    """On a phone as it comes from its maker."""
    case = CASES[name]
    phone.off()
    phone.new_disk()
    phone.faults = [case.fault] if case.fault else []
    phone.on()
    reach_mode(phone.bench().controls, Mode.SYSTEM, Deadline.after(60.0), phone.journal)
    store = QuarantineStore(quarantine / "quarantine.sqlite3")
    began = time.monotonic()
    with closing(_connected(phone)) as device:
        verdict, reasons, data = _judged(phone, device, case, builds)
        if data == "not seen":
            _bring_back(phone, store, reasons[0], power=case.power)
        stay = store.current("phone")
        build = "" if stay else device.build.fingerprint
    took_s = time.monotonic() - began
    if stay is not None:
        store.release("phone", by="the table", at=time.time())
    names = {fingerprint: name for name, fingerprint in builds.fingerprints.items()}
    return Ended(
        name=name,
        verdict=verdict,
        reasons=reasons,
        data=data,
        build=names.get(build, build),
        in_quarantine=stay.reason if stay else "",
        took_s=took_s,
    )


def _judged(
    phone: Phone, device: Device, case: Case, builds: Builds
) -> tuple[VerdictKind, tuple[str, ...], str]:
    """Verdict, reasons, and what became of the data."""
    offer = FirmwareOffer(
        bench=phone.bench(power=case.power),
        package=builds.package(case.package),
        fits=case.fits,
        streamed=case.streamed,
    )
    plan = ScenarioPlan(update=UpdateKind.FIRMWARE, route=case.route)
    try:
        result = run_scenario(
            device, plan, app=APP, offer=offer, deadline=Deadline.after(ALLOWED_S)
        )
    except LabError as error:
        return _V.INCONCLUSIVE, (str(error),), "not seen"
    lost = result.changes or result.changes_after_reboot
    return result.verdict, result.reasons, "lost" if lost else "kept"


def fault_in(ended: Ended) -> str:
    """What is wrong with an end; nothing if it is as it must be."""
    case = CASES[ended.name]
    wrong = [
        f"{what} {found!r} instead of {wanted!r}"
        for what, found, wanted in (
            ("verdict", ended.verdict, case.verdict),
            ("build", ended.build, case.build),
            ("quarantine", bool(ended.in_quarantine), not case.build),
        )
        if found != wanted
    ]
    return f"{ended.row}: {'; '.join(wrong)} ({'; '.join(ended.reasons)})" if wrong else ""


def _connected(phone: Phone) -> Device:
    return connect(
        name="phone",
        serial=phone.serial,
        adb_server_port=phone.adb_port,
        journal=phone.journal,
        ledger=phone.ledger,
        deadline=Deadline.after(60.0),
    )


def _bring_back(phone: Phone, store: QuarantineStore, why: str, *, power: bool) -> None:
    """A ladder of one rung: what cannot be reached on the network is given up soon."""
    bench = phone.bench(power=power)
    rung = Rung(
        name="reconnect",
        bound_s=3.0,
        act=lambda deadline: bench.controls.carry_out(Action.ADB_RECONNECT, deadline),
    )
    with suppress(LabError):  # then it is in quarantine
        recover(
            "phone",
            [rung],
            healthy=bench.require_healthy,
            why=why,
            may_destroy=False,
            quarantine=store,
            owner="the table",
            journal=phone.journal,
            deadline=Deadline.after(30.0),
        )
