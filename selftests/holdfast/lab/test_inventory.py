from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.lab.inventory import AttachedSpec, Inventory, inventory_schema, read_inventory

GOOD = """\
version: 1
stores:
  maker:
    package: com.example.store
    upload_to: /data/local/tmp/update.apk
    push: am broadcast -a com.example.PUSH --es path {apk}
devices:
  - name: phone
    kind: attached
    serial: "0123"
    store: maker
  - name: rehearsal
    kind: virtual
    personality: aosp-30
"""


def read(text: str, tmp_path: Path) -> Inventory:
    file = tmp_path / "devices.yaml"
    file.write_text(text, encoding="utf-8")
    return read_inventory(file)


def message(text: str, tmp_path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text, tmp_path)
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_a_good_file_becomes_frozen_values(tmp_path: Path) -> None:
    inventory = read(GOOD, tmp_path)
    phone, rehearsal = inventory.devices
    assert isinstance(phone, AttachedSpec)
    assert (phone.serial, phone.adb_port) == ("0123", 5037)
    store = inventory.store_of(phone)
    assert store is not None
    assert store.package == "com.example.store"
    assert inventory.store_of(rehearsal) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "    store: maker",
            "    sotre: maker",
            "devices.yaml:11:5: devices[0].sotre: unknown key 'sotre'; allowed here: name, store, "
            "prepare, firmware_update, kind, serial, adb_host, adb_port, authorise_within_s, "
            "serialno, fastboot, usb_power, allow_destructive",
            id="unknown key of a device",
        ),
        pytest.param(
            "    upload_to:",
            "    upload:",
            "devices.yaml:4:5: stores.maker: the key 'upload_to' is missing here\n"
            "devices.yaml:5:5: stores.maker.upload: unknown key 'upload'; "
            "allowed here: package, upload_to, push",
            id="two errors at once",
        ),
        pytest.param(
            "version: 1\n",
            "version: 1\nvariant: 2\n",
            "devices.yaml:2:1: variant: unknown key 'variant'; "
            "allowed here: version, stores, devices",
            id="unknown key of the file",
        ),
        pytest.param(
            '"0123"',
            "0123",
            "devices.yaml:10:13: devices[0].serial: 123 is a number; write the value in quotes",
            id="numeric serial",
        ),
        pytest.param(
            "name: rehearsal",
            "name: phone",
            "devices.yaml:12:11: devices[1].name: 'phone' is the name of another device too "
            "(line 8)",
            id="duplicate name",
        ),
        pytest.param(
            "kind: virtual",
            "kind: imaginary",
            "devices.yaml:13:11: devices[1].kind: 'imaginary' is not known; "
            "allowed: 'virtual', 'attached'",
            id="unknown kind",
        ),
        pytest.param(
            "    kind: virtual\n",
            "",
            "devices.yaml:12:5: devices[1]: the key 'kind' is missing here",
            id="missing kind",
        ),
        pytest.param(
            "store: maker",
            "store: market",
            "devices.yaml:11:12: devices[0].store: no store is called 'market'; there are: maker",
            id="unknown store",
        ),
        pytest.param(
            "{apk}", "{path}", "devices.yaml:6:11: stores.maker.push: it must hold {apk}", id="push"
        ),
        pytest.param(
            "version: 1\n",
            "version: 1\nversion: 1\n",
            "devices.yaml:2:1: found duplicate key",
            id="duplicate key",
        ),
        pytest.param("version: 1", "version: [", "devices.yaml:3:8: ", id="broken YAML"),
        pytest.param(
            "name: rehearsal",
            "name: ../rehearsal",
            "devices.yaml:12:11: devices[1].name: the value should match pattern",
            id="a name that is a path",
        ),
    ],
)
def test_an_error_says_where_it_is_and_what_is_allowed(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    assert old in GOOD
    assert message(GOOD.replace(old, new), tmp_path).startswith(expected)


def test_two_devices_with_one_serial_behind_one_adb_server_are_an_error(tmp_path: Path) -> None:
    twin = '  - name: twin\n    kind: attached\n    serial: "0123"\n'
    assert "'0123' is the serial of another device too (line 10)" in message(GOOD + twin, tmp_path)
    elsewhere = twin + "    adb_port: 15037\n"
    assert len(read(GOOD + elsewhere, tmp_path).devices) == 3


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: there is no such file"):
        read_inventory(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n", "\0"])
def test_what_is_no_mapping_is_one_clear_sentence(text: str, tmp_path: Path) -> None:
    assert "devices.yaml" in message(text, tmp_path)


def test_one_mistake_is_one_sentence_also_in_the_only_device(tmp_path: Path) -> None:
    text = "version: 1\ndevices:\n  - name: a\n    kind: attached\n    serial: 0123\n"
    assert message(text, tmp_path).count("\n") == 0
    assert "at least 1 item" in message("version: 1\ndevices: []\n", tmp_path)


def test_a_file_of_more_than_a_megabyte_is_not_parsed(tmp_path: Path) -> None:
    assert "larger than" in message("#" * (1 << 20) + "\n#", tmp_path)


def test_devices_are_chosen_by_name_and_a_wrong_name_lists_the_right_ones(tmp_path: Path) -> None:
    inventory = read(GOOD, tmp_path)
    assert [spec.name for spec in inventory.only(["rehearsal"])] == ["rehearsal"]
    assert len(inventory.only([])) == 2
    with pytest.raises(ConfigurationError, match="there are: phone, rehearsal"):
        inventory.only(["fone"])


def test_the_schema_for_editors_names_every_kind() -> None:
    mapping = inventory_schema()["properties"]["devices"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == {"virtual", "attached", "avd", "cuttlefish", "redroid"}
