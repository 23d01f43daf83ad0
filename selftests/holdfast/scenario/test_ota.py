"""The verdict over a firmware update, from what was found."""

from __future__ import annotations

import pytest

from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, HoldfastError
from holdfast.firmware.prepare import WrongBuild
from holdfast.scenario.ota import Looked, OtaResult, decide_ota
from holdfast.scenario.result import VerdictKind

BASE, TARGET = "maker/phone:1", "maker/phone:2"
REFUSED = DeviceRefused("applying the update", answer="update_engine error 26 (bad)")
FULL = DeviceRefused("applying the update", answer="update_engine error 60 (not_enough_space)")
LOST = DeviceLost("the link was lost")
ROLLED_BACK = WrongBuild("the build from before", wanted=TARGET, found=BASE, device="phone")
WRONG = ConfigurationError("it is for other")
_V = VerdictKind


def decided(
    looked: Looked, trouble: HoldfastError | None = None, *, fits: bool = True
) -> OtaResult:
    return decide_ota(
        base=BASE, target=TARGET, looked=looked, fits=fits, trouble=trouble, quarantined=""
    )


@pytest.mark.parametrize(
    ("build", "trouble", "fits", "verdict"),
    [
        (TARGET, None, True, _V.UPDATED_DATA_INTACT),
        (TARGET, LOST, True, _V.UPDATED_DATA_INTACT),
        (TARGET, None, False, _V.EXPOSED),
        (BASE, REFUSED, False, _V.REFUSED_DATA_INTACT),
        (BASE, WRONG, False, _V.REFUSED_DATA_INTACT),
        (BASE, REFUSED, True, _V.FALSE_WARNING),
        (BASE, ROLLED_BACK, True, _V.FALSE_WARNING),
        (BASE, WRONG, True, _V.INCONCLUSIVE),
        (BASE, FULL, True, _V.INCONCLUSIVE),
        (BASE, LOST, True, _V.INCONCLUSIVE),
        (BASE, LOST, False, _V.INCONCLUSIVE),
        ("maker/phone:3", None, True, _V.INCONCLUSIVE),
    ],
)
def test_intact_data_leads_to_the_verdict_of_where_the_device_ended_and_why(
    build: str, trouble: HoldfastError | None, fits: bool, verdict: VerdictKind
) -> None:
    result = decided(Looked(build=build), trouble, fits=fits)
    assert (result.verdict, result.data) == (verdict, "kept")
    assert result.reasons


@pytest.mark.parametrize("build", [BASE, TARGET, "maker/phone:3"])
@pytest.mark.parametrize("trouble", [None, LOST, REFUSED, ROLLED_BACK])
def test_lost_data_is_a_silent_loss_whatever_else_happened(
    build: str, trouble: HoldfastError | None
) -> None:
    result = decided(Looked(build=build, lost=("the chat is gone",)), trouble)
    assert (result.verdict, result.data) == (_V.SILENT_LOSS, "lost")
    assert result.reasons == ("the chat is gone",)


def test_what_could_not_be_looked_at_never_passes() -> None:
    unseen = decided(Looked(build=TARGET, unseen=("files/: not seen",)))
    assert (unseen.verdict, unseen.data) == (_V.INCONCLUSIVE, "not seen")
    away = decided(Looked(build=None), LOST)
    assert (away.verdict, away.data, away.build) == (_V.INCONCLUSIVE, "not seen", "")
