"""The keys of each kind of device in devices.yaml, and the state that a device is prepared to."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.lab.avd import Avd
from holdfast.lab.cuttlefish import Cuttlefish
from holdfast.lab.inventory import read_inventory
from holdfast.lab.providing import provider_for
from holdfast.lab.redroid import Redroid
from holdfast.lab.started import Started

GOOD = """version: 1
devices:
  - name: emu
    kind: avd
    avd_name: nightly
    system_image: system-images;android-34;google_apis;x86_64
    snapshot: clean
  - {name: cvd, kind: cuttlefish, images: builds/today, instance: 3}
  - name: box
    kind: redroid
    image: redroid/redroid:14.0.0-latest
    boot_arguments: {androidboot.redroid_gpu_mode: guest}
  - name: phone
    kind: attached
    serial: "0123"
    fastboot: "0123"
    usb_power: {hub: 1-1.4, port: 2}
    allow_destructive: true
    prepare: {goal: flash, user_data: wipe, package: image.zip, build: "maker/phone:2"}
"""


def read(folder: Path, text: str) -> None:
    (folder / "devices.yaml").write_text(text, encoding="utf-8")
    read_inventory(folder / "devices.yaml")


def test_every_kind_has_its_provider_and_a_resource_of_its_own(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    inventory = read_inventory(tmp_path / "devices.yaml")
    providers = [provider_for(spec, folder=tmp_path) for spec in inventory.devices]
    kinds = (Avd, Cuttlefish, Redroid)
    launchers = [p.launcher for p in providers if isinstance(p, Started)]
    assert all(isinstance(p, k) for p, k in zip(launchers, kinds, strict=True))
    assert len({provider.resource for provider in providers}) == 4
    assert providers[0].resource == "avd/nightly"
    assert providers[1].resource == "cuttlefish/3"


@pytest.mark.parametrize(
    ("good", "wrong", "words"),
    [
        ("avd_name: nightly", "avd_name: 'a b; rm'", r"devices\[0\].*avd_name"),
        ("snapshot: clean", "snapshto: clean", "snapshto"),
        ("system-images;android-34;google_apis;x86_64", "android-34", "system_image"),
        ("instance: 3", "instance: 0", "instance"),
        ("redroid/redroid:14.0.0-latest", "--privileged", "image"),
        ("hub: 1-1.4", "hub: 1-1;x", "hub"),
        ("goal: flash", "goal: flsh", "goal"),
        ("user_data: wipe, ", "", "user_data"),
        ("kind: redroid", "kind: redriod", "kind"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_place(
    tmp_path: Path, good: str, wrong: str, words: str
) -> None:
    assert good in GOOD
    with pytest.raises(ConfigurationError, match=words):
        read(tmp_path, GOOD.replace(good, wrong))
