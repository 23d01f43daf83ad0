"""Which build a device runs."""

from __future__ import annotations

import pytest

from holdfast.android.build import config_locale, parse_getprop, read_build

RECORDED = """\
[persist.sys.country]: [US]
[persist.sys.language]: [en]
[ro.build.date]: [Tue Nov 17 01:43:27 PST 2015]
[ro.build.display.id]: [cm_falcon-userdebug 5.1.1 LMY48Y b1b4f9f99b test-keys]
[ro.build.fingerprint]: [motorola/cm_falcon/unknown:5.1.1/LMY48Y/b1b4f9f99b:userdebug/test-keys]
[ro.build.type]: [userdebug]
[ro.build.version.base_os]: []
[ro.build.version.release]: [5.1.1]
[ro.build.version.sdk]: [22]
[ro.debuggable]: [1]
[ro.product.manufacturer]: [motorola]
[ro.product.name]: [cm_falcon]
"""


def test_a_recorded_android_5_is_read() -> None:
    build = read_build(parse_getprop(RECORDED.replace("\n", "\r\n")))
    assert (build.api, build.release, build.build_type, build.debuggable) == (
        22,
        "5.1.1",
        "userdebug",
        True,
    )
    assert build.fingerprint.startswith("motorola/cm_falcon/")
    assert build.locale == "en-US"
    assert build.model == "cm_falcon"


def test_a_value_may_run_over_lines_and_hold_brackets() -> None:
    values = parse_getprop("[a.b]: [one\ntwo]\n[c]: [x [y] z]\n[d]: []\n")
    assert values == {"a.b": "one\ntwo", "c": "x [y] z", "d": ""}


@pytest.mark.parametrize(
    ("properties", "locale"),
    [
        ({"persist.sys.locale": "zh-CN", "ro.product.locale": "en-US"}, "zh-CN"),
        ({"ro.product.locale": "de-DE"}, "de-DE"),
        ({"ro.product.locale.language": "pt", "ro.product.locale.region": "BR"}, "pt-BR"),
        ({}, "en-US"),
    ],
)
def test_the_language_is_the_users_choice_else_the_products(
    properties: dict[str, str], locale: str
) -> None:
    assert read_build(properties).locale == locale


@pytest.mark.parametrize(
    ("said", "locale"),
    [
        ("config: mcc310-mnc260-en-rUS-ldltr-sw411dp-port-v28\nabi: arm64-v8a\n", "en-US"),
        ("config: de-rDE,en-rUS-ldltr-port-v34\n", "de-DE"),
        ("config: b+zh+Hans+CN-ldltr-v34\n", "zh-Hans-CN"),
        ("config: es-r419-ldltr-v30\n", "es-419"),
        ("config: eo\r\n", "eo"),
        ("config: ldltr-sw411dp-v28\n", ""),
        ("Error: unknown command 'get-config'\n", ""),
    ],
)
def test_the_language_in_force_is_that_of_the_configuration(said: str, locale: str) -> None:
    assert config_locale(f"[a]: [b]\n\n{said}") == locale
    properties = {"persist.sys.locale": "fr-FR"}
    assert read_build(properties, locale=config_locale(said)).locale == (locale or "fr-FR")


def test_a_device_that_does_not_say_its_version_has_level_0() -> None:
    assert read_build({"ro.build.version.sdk": "many"}).api == 0
