"""AVD, Cuttlefish and redroid against stand-in programs, with a virtual device behind them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab import avd, cuttlefish
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.avd import Avd
from holdfast.lab.cuttlefish import Cuttlefish
from holdfast.lab.inventory import AvdSpec, CuttlefishSpec, RedroidSpec
from holdfast.lab.provider import Provider
from holdfast.lab.redroid import Redroid
from holdfast.lab.started import Started, free_port

ROOT = Path(__file__).resolve().parents[3]
# Records its arguments, then does what the file `plan` beside it says: words to say and a status,
# or a virtual device whose adb port is found by `port` in the arguments.
STAND_IN = """#!{python}
import json, os, pathlib, re, sys
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as asked:
    asked.write(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]) + "\\n")
plan = json.loads((here / "plan").read_text())
words = " ".join(sys.argv[1:])
for short, (said, status) in plan["short"].items():
    if short in [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]:
        print(said)
        sys.exit(status)
if plan["says"]:
    print(plan["says"], file=sys.stderr, flush=True)
if plan["status"] is not None:
    sys.exit(plan["status"])
found = re.search(plan["port"], words)
port = int(found[1]) + plan["above"]
os.environ["PYTHONPATH"] = {root!r}
os.execv(sys.executable, [sys.executable, "-m", "virtualdevice", "run", "aosp-34", "--port",
                          str(port), "--until-stdin-closes"])
"""
AVD = AvdSpec(name="emu", kind="avd", avd_name="nightly")
AVD_PORT = r"-port (\d+)"
REDROID = RedroidSpec(
    name="container",
    kind="redroid",
    image="redroid/redroid:14.0.0-latest",
    boot_arguments={"androidboot.redroid_gpu_mode": "guest"},
)


EMULATOR = ("Android emulator version 35.2.10.0 (build_id 12414864) (CL:N/A)", 0)
DOCKER = ("Docker version 24.0.7, build afdd53b", 0)


def emulated(**keys: object) -> Started:
    return Started(Avd(AVD.model_copy(update=keys)))


class Host:
    """A host with stand-ins on its PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan(short={"-list-avds": ("nightly", 0)})

    def install(self, *names: str, folder: Path | None = None) -> None:
        place = folder or self.folder
        for name in names:
            program = place / name
            program.write_text(
                STAND_IN.format(python=sys.executable, root=str(ROOT)), encoding="utf-8"
            )
            program.chmod(0o755)

    def plan(
        self,
        *,
        says: str = "",
        status: int | None = None,
        port: str = AVD_PORT,
        above: int = 1,
        short: dict[str, tuple[str, int]] | None = None,
        folder: Path | None = None,
    ) -> None:
        plan = {
            "says": says, "status": status, "port": port, "above": above,
            "short": {"-version": EMULATOR, "--version": DOCKER, "ps": ("", 0), **(short or {})},
        }  # fmt: skip
        ((folder or self.folder) / "plan").write_text(json.dumps(plan), encoding="utf-8")

    def asked(self, folder: Path | None = None) -> list[list[str]]:
        file = (folder or self.folder) / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT", "ANDROID_AVD_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Host(folder)


def boots(provider: Provider) -> str:
    """Start it, see the device, stop it; nothing of it is left. Its serial."""
    with ExitStack() as stack:
        stack.callback(lambda: provider.stop(Deadline.after(20.0)))
        try:
            endpoint = provider.start(Deadline.after(60.0), say=print)
        except LabError as error:
            if "mksh" in str(error) or "namespace" in str(error):
                pytest.skip(f"no virtual device on this host: {error}")
            raise
        adb = AdbHost(host=endpoint.adb_host, port=endpoint.adb_port)
        assert adb.state_of(endpoint.serial, Deadline.after(5.0)) == "device"
    assert is_closed(endpoint.adb_port)
    wait_until(
        lambda: is_closed(int(endpoint.serial.rpartition(":")[2])),
        Deadline.after(10.0),
        what="the end of the device",
    )
    return endpoint.serial


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def fails(provider: Provider, *, allowed_s: float = 30.0) -> None:
    try:
        provider.start(Deadline.after(allowed_s), say=print)
    finally:
        provider.stop(Deadline.after(10.0))


def test_an_avd_boots_headless_on_a_free_port_and_leaves_nothing(host: Host) -> None:
    host.install("emulator")
    serial = boots(emulated())
    told, listed, started = host.asked()
    assert told == ["emulator", "-version"]
    assert listed == ["emulator", "-list-avds"]
    port = int(serial.rpartition(":")[2]) - 1
    assert port in range(5554, 5683, 2)
    assert started == [
        "emulator", "-avd", "nightly", "-port", str(port), "-no-window", "-no-audio",
        "-no-boot-anim", "-no-snapshot-save", "-skip-adb-auth", "-gpu", "swiftshader_indirect",
        "-accel", "on", "-no-snapshot-load",
    ]  # fmt: skip


def test_an_avd_whose_port_is_taken_gets_the_next(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.install("emulator")
    host.plan(status=1, short={"-list-avds": ("nightly", 0)})
    monkeypatch.setattr(avd, "is_free", lambda port: port not in (5555, 5556))
    with pytest.raises(LabError):
        fails(emulated())
    assert host.asked()[2][3:5] == ["-port", "5558"]
    monkeypatch.setattr(avd, "is_free", lambda port: False)
    with pytest.raises(LabError, match="no port from 5554 to 5682 is free"):
        fails(emulated())


def test_an_avd_that_is_not_there_is_created_or_named(host: Host) -> None:
    host.install("emulator", "avdmanager")
    host.plan(status=1, short={"-list-avds": ("other", 0), "avdmanager": ("", 0)})
    with pytest.raises(ConfigurationError, match="there is no AVD 'nightly'"):
        fails(emulated())
    image = "system-images;android-34;google_apis;x86_64"
    with pytest.raises(LabError):
        fails(emulated(system_image=image))
    assert ["avdmanager", "create", "avd", "-n", "nightly", "-k", image] in host.asked()


def test_an_avd_loads_its_snapshot_or_starts_wiped(host: Host) -> None:
    host.install("emulator")
    host.plan(status=1, short={"-list-avds": ("nightly", 0)})
    with pytest.raises(LabError):
        fails(emulated(snapshot="clean", wipe_data=True))
    assert host.asked()[-1][-3:] == ["-snapshot", "clean", "-wipe-data"]


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ("PANIC: Unknown AVD name [nightly]", ConfigurationError, "'emulator -list-avds' shows"),
        ("PANIC: Broken AVD system path. Check your value", ConfigurationError, "by sdkmanager"),
        ("ERROR: x86_64 emulation currently requires hardware acceleration!\nKVM is not found",
         HostToolMissing, "acceleration: off"),
        ("emulator: ERROR: Running multiple emulators with the same AVD", LabError, "runs already"),
        ("Segmentation fault", LabError, "ended at its start and said: Segmentation fault"),
        ("", LabError, "ended at its start and said: nothing"),
    ],
)  # fmt: skip
def test_an_emulator_that_ends_at_its_start_is_blamed_rightly(
    host: Host, said: str, error: type[Exception], words: str
) -> None:
    host.install("emulator")
    host.plan(says=said, status=1, short={"-list-avds": ("nightly", 0)})
    with pytest.raises(error, match=words):
        fails(emulated())


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        (emulated(), "install the SDK's emulator"),
        (Started(Redroid(REDROID)), "install docker"),
        (
            Started(
                Cuttlefish(
                    CuttlefishSpec(name="cvd", kind="cuttlefish", images="x"),
                    folder=Path("/nowhere"),
                )
            ),
            "cvd-host_package",
        ),
    ],
    ids=["avd", "redroid", "cuttlefish"],
)
def test_a_program_that_is_missing_is_named(host: Host, provider: Provider, words: str) -> None:
    with pytest.raises(HostToolMissing, match=words):
        fails(provider)


def test_an_emulator_that_runs_but_never_boots_ends_at_the_deadline(host: Host) -> None:
    (host.folder / "emulator").write_text(
        "#!/bin/sh\n[ $1 = -list-avds ] && { echo nightly; exit; }\n"
        "[ $1 = -version ] && { echo Android emulator version 35.1.2; exit; }\n"
        "echo 'INFO | waiting' >&2\nread -r _\n"
    )
    (host.folder / "emulator").chmod(0o755)
    with pytest.raises(LabError, match=r"did not boot within 3 s; its last words: INFO"):
        fails(emulated(), allowed_s=3.0)


def test_a_container_boots_on_a_port_of_this_host_only_and_is_removed(host: Host) -> None:
    host.install("docker")
    host.plan(port=r"127\.0\.0\.1:(\d+):5555", above=0, short={"rm": ("", 0)})
    serial = boots(Started(Redroid(REDROID)))
    told, looked, started, removed = host.asked()
    assert told == ["docker", "--version"]
    assert looked[:3] == ["docker", "ps", "--all"]
    name = started[started.index("--name") + 1]
    assert started == [
        "docker", "run", "--rm", "--privileged", "--pull=missing", "--name", name, "-p",
        f"{serial}:5555", "redroid/redroid:14.0.0-latest", "androidboot.redroid_gpu_mode=guest",
    ]  # fmt: skip
    assert removed == ["docker", "rm", "-f", "-v", name]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", HostToolMissing),
        ("docker: Error response from daemon: pull access denied for x", ConfigurationError),
        ("init: Could not open /dev/binder", HostToolMissing),
        ("Bind for 127.0.0.1:5555 failed: port is already allocated", LabError),
    ],
)
def test_a_container_that_cannot_start_is_blamed_rightly_and_removed(
    host: Host, said: str, error: type[Exception]
) -> None:
    host.install("docker")
    host.plan(says=said, status=125, short={"rm": ("", 0)})
    with pytest.raises(error) as caught:
        fails(Started(Redroid(REDROID)))
    assert type(caught.value) is error
    assert host.asked()[-1][:4] == ["docker", "rm", "-f", "-v"]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder as a Cuttlefish build's: images, and host tools in `bin`."""
    (tmp_path / "cf" / "bin").mkdir(parents=True)
    (tmp_path / "cf" / "super.img").touch()
    return tmp_path / "cf"


def cvd(build: Path, **keys: object) -> Started:
    spec = CuttlefishSpec.model_validate(
        {"name": "cvd", "kind": "cuttlefish", "images": build.name, **keys}
    )
    return Started(Cuttlefish(spec, folder=build.parent))


def test_a_cuttlefish_boots_and_is_stopped_by_its_own_tool(
    host: Host, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = build / "bin"
    host.install("launch_cvd", "stop_cvd", folder=tools)
    first = free_port()
    monkeypatch.setattr(cuttlefish, "_FIRST_ADB_PORT", first)
    host.plan(
        port=r"base_instance_num=(\d+)", above=first - 1, short={"stop_cvd": ("", 0)}, folder=tools
    )
    assert boots(cvd(build)) == f"127.0.0.1:{first}"
    started, stopped = host.asked(tools)
    assert started == [
        "launch_cvd", "--daemon=false", "--base_instance_num=1", f"--system_image_dir={build}",
        "--cpus=2", "--memory_mb=4096", "--resume=false", "--run_adb_connector=false",
        "--report_anonymous_usage_stats=n", "--undefok=report_anonymous_usage_stats",
    ]  # fmt: skip
    assert stopped == ["stop_cvd"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("F launch_cvd: Could not open /dev/kvm: Permission denied", HostToolMissing),
        ("user is not a member of group cvdnetwork", HostToolMissing),
        ("Failed to find super.img in the image directory", ConfigurationError),
        ("instance 1 is already running", LabError),
    ],
)
def test_a_cuttlefish_that_cannot_start_is_blamed_rightly(
    host: Host, build: Path, said: str, error: type[Exception]
) -> None:
    tools = build / "bin"
    host.install("launch_cvd", "stop_cvd", folder=tools)
    host.plan(says=said, status=1, short={"stop_cvd": ("", 0)}, folder=tools)
    with pytest.raises(error) as caught:
        fails(cvd(build, instance=77))
    assert type(caught.value) is error


def test_a_cuttlefish_that_keeps_its_user_data_keeps_it_longer_than_a_run(
    host: Host, build: Path
) -> None:
    host.install("launch_cvd", "stop_cvd", folder=build / "bin")
    host.plan(status=1, short={"stop_cvd": ("", 0)}, folder=build / "bin")
    with pytest.raises(LabError):
        fails(cvd(build, instance=77, keep_user_data=True))
    started = host.asked(build / "bin")[0]
    assert "--resume=true" in started
    kept = build / "holdfast-77"
    assert started[-2:] == [f"--instance_dir={kept}/runtime", f"--assembly_dir={kept}/assembly"]


def test_a_cuttlefish_instance_that_runs_already_is_not_touched(
    host: Host, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.install("launch_cvd", "stop_cvd", folder=build / "bin")
    monkeypatch.setattr(cuttlefish, "is_free", lambda port: False)
    with pytest.raises(LabError, match="port 6521 of Cuttlefish instance 2 is taken"):
        fails(cvd(build, instance=2))
    assert host.asked(build / "bin") == []


@pytest.mark.parametrize(
    ("provider", "tool", "short", "words"),
    [
        (emulated(), "emulator", {"-version": ("Android emulator version 29.3.4.0", 0)},
         "emulator is version 29.3, and 30.0 is the oldest that does: update it: sdkmanager"),
        (emulated(), "emulator", {"-version": ("what is that?", 2)},
         "says 'what is that.', and no version"),
        (Started(Redroid(REDROID)), "docker", {"--version": ("Docker version 19.03.8, build x", 0)},
         "docker is version 19.03, and 20.10 is the oldest that does"),
        (Started(Redroid(REDROID)), "docker", {"--version": ("podman version 4.3.1", 0)},
         "says 'podman version 4.3.1', and no version: install docker"),
    ],
    ids=["old emulator", "no emulator", "old docker", "no docker"],
)  # fmt: skip
def test_a_tool_that_is_too_old_or_another_is_named_and_nothing_is_started(
    host: Host, provider: Started, tool: str, short: dict[str, tuple[str, int]], words: str
) -> None:
    host.install(tool)
    host.plan(short=short)
    with pytest.raises(HostToolMissing, match=words):
        fails(provider)
    assert len(host.asked()) == 1


def test_the_container_of_a_run_that_is_no_more_is_removed_at_the_next_start(host: Host) -> None:
    dead = "holdfast-container-999999999"
    alive = f"holdfast-container-{os.getppid()}"
    host.install("docker")
    host.plan(
        status=125,
        short={"ps": (f"{dead}\n{alive}\nholdfast-container-else\nother-{dead}", 0), "rm": ("", 0)},
    )
    with pytest.raises(LabError):
        fails(Started(Redroid(REDROID)))
    removed = [words[-1] for words in host.asked() if words[1] == "rm"]
    assert removed == [dead, f"holdfast-container-{os.getpid()}"]


RUN = """
import sys
from holdfast.deadline import Deadline
from holdfast.lab.inventory import RedroidSpec
from holdfast.lab.redroid import Redroid
from holdfast.lab.started import Started
spec = RedroidSpec(name="container", kind="redroid", image="redroid/redroid:14")
print(Started(Redroid(spec)).start(Deadline.after(60), say=print).serial, flush=True)
sys.stdin.read()
"""


def test_a_run_that_is_killed_leaves_no_container_and_no_device(host: Host) -> None:
    host.install("docker")
    host.plan(port=r"127\.0\.0\.1:(\d+):5555", above=0, short={"rm": ("", 0)})
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        port = int(run.stdout.readline().rpartition(":")[2])
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: is_closed(port), Deadline.after(20.0), what="the end of the device")
    wait_until(
        lambda: host.asked()[-1] == ["docker", "rm", "-f", "-v", f"holdfast-container-{run.pid}"],
        Deadline.after(20.0),
        what="the container's removal",
    )
