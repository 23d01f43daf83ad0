"""The language that a boot takes up, from where each Android keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.system.fake_machine import ROOT, booted
from virtualdevice.system.language import resource_qualifier


@pytest.mark.parametrize(
    ("personality", "chosen", "spoken"),
    [
        ("aosp-34", "settings put system system_locales de-DE,en-US", "de-rDE-port"),
        ("aosp-34", "setprop persist.sys.locale fr-FR", "fr-rFR-port"),
        ("aosp-23", "setprop persist.sys.locale fr-FR", "fr-rFR-port"),
        ("aosp-23", "settings put system system_locales de-DE", "en-rUS-port"),
        ("aosp-22", "setprop persist.sys.language fr", "fr-rUS-port"),
    ],
)
async def test_a_language_is_taken_up_by_the_next_boot(
    tmp_path: Path, personality: str, chosen: str, spoken: str
) -> None:
    rig = await booted(tmp_path, personality)
    await rig.run(*chosen.split(), caller=ROOT)
    assert "config: en-rUS-port" in (await rig.run("am", "get-config")).out
    await rig.reboot()
    assert f"config: {spoken}" in (await rig.run("am", "get-config")).out
    assert (await rig.run("getprop", "ro.product.locale")).out.strip() == "en-US"


@pytest.mark.parametrize(
    ("locale", "qualifier"),
    [("eo", "eo"), ("pt-BR", "pt-rBR"), ("es-419", "es-r419"), ("zh-Hans-CN", "b+zh+Hans+CN"),
     ("sr-Latn", "b+sr+Latn")],
)  # fmt: skip
def test_a_language_is_written_as_a_resource_qualifier(locale: str, qualifier: str) -> None:
    assert resource_qualifier(locale) == qualifier
