"""What a device or an app cannot offer: such a scenario is not covered, and never counts."""

from __future__ import annotations

from holdfast.device.device import Device
from holdfast.scenario.firmware import FirmwareOffer, not_offered
from holdfast.scenario.result import Route, ScenarioPlan, UpdateKind
from holdfast.scenario.routes import Store, needs_somebody
from holdfast.scenario.updates import AppUnderTest, UpdateMissing

__all__ = ["not_covered"]


def not_covered(
    plan: ScenarioPlan,
    *,
    app: AppUnderTest,
    store: Store | None,
    offer: FirmwareOffer | None,
    device: Device,
) -> str:
    """Why this scenario cannot be run here; empty if it can."""
    lacking = not_offered(plan, offer=offer, device=device)
    if lacking:
        return lacking
    if plan.route is Route.STORE_PUSH and store is None:
        return "devices.yaml names no store for this device, so nothing can push an update"
    if needs_somebody(plan.route) and plan.persona is None:
        return f"on the route {plan.route} somebody must be there: name a persona"
    if plan.update is UpdateKind.UNINSTALL_REINSTALL and needs_somebody(plan.route):
        return "the control uninstalls and installs by adb or by a session"
    try:
        app.delivered(plan.update, api=device.api, build_type=device.build.build_type)
    except UpdateMissing as error:
        return str(error)
    return ""
