"""A Cuttlefish virtual device, by the host tools that come with its build (`launch_cvd`).

As https://source.android.com/docs/devices/cuttlefish documents them. Never run on a Cuttlefish
where this was written: held against a stand-in that behaves as documented.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab.inventory import CuttlefishSpec
from holdfast.lab.provider import Endpoint, Say
from holdfast.lab.started import Complaint, Launch, Started, find_program, is_free

__all__ = ["CuttlefishProvider"]

# The first instance is at 6520, each further one a port higher.
_FIRST_ADB_PORT = 6520
_INSTALL = "unpack the build's cvd-host_package.tar.gz and name its folder in `host_tools`"
_COMPLAINTS = (
    Complaint(
        words=re.compile(r"/dev/kvm|KVM", re.IGNORECASE),
        error=HostToolMissing,
        advice="Cuttlefish needs KVM: load kvm_intel or kvm_amd, and allow this user /dev/kvm",
    ),
    Complaint(
        words=re.compile(r"cvdnetwork|not (a )?member of group|vhost-vsock", re.IGNORECASE),
        error=HostToolMissing,
        advice="install cuttlefish-base, and put this user into the groups kvm, cvdnetwork, render",
    ),
    Complaint(
        words=re.compile(r"(could not|unable to|failed to) (find|open|locate).*\.img"
                         r"|missing .*image|No such file.*\.img", re.IGNORECASE),
        error=ConfigurationError,
        advice="`images` must be the folder of one build's images",
    ),
    Complaint(
        words=re.compile(r"address already in use|instance.*(is )?(already )?(in use|running)",
                         re.IGNORECASE),
        error=LabError,
        advice="this instance number is in use: stop it by stop_cvd, or give another `instance`",
    ),
)  # fmt: skip


class CuttlefishProvider:
    """One instance. `folder` is the one of devices.yaml: relative paths are taken from there."""

    def __init__(self, spec: CuttlefishSpec, *, folder: Path) -> None:
        self._spec = spec
        self._images = folder / spec.images
        self._tools = folder / (spec.host_tools or spec.images) / "bin"
        self._started = Started(title="Cuttlefish", device=spec.name, complaints=_COMPLAINTS)

    @property
    def resource(self) -> str:
        return f"cuttlefish/{self._spec.instance}"

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        spec = self._spec
        launch_cvd = self._tool("launch_cvd")
        if not self._images.is_dir():
            raise ConfigurationError(f"device {spec.name}: there is no folder {self._images}")
        port = _FIRST_ADB_PORT + spec.instance - 1
        if not is_free(port):
            raise LabError(
                f"port {port} of Cuttlefish instance {spec.instance} is taken: stop what runs "
                "there, or give another `instance`",
                device=spec.name,
            )
        launch = Launch(
            command=(
                launch_cvd,
                "--daemon=false",
                f"--base_instance_num={spec.instance}",
                f"--system_image_dir={self._images}",
                f"--cpus={spec.cpus}",
                f"--memory_mb={spec.memory_mb}",
                f"--resume={'true' if spec.keep_user_data else 'false'}",
                "--report_anonymous_usage_stats=n",
            ),
            serial=f"127.0.0.1:{port}",
            undo=shlex.quote(self._tool("stop_cvd")),
        )
        return self._started.start(launch, deadline, say=say)

    def stop(self, deadline: Deadline) -> None:
        self._started.stop(deadline)

    def _tool(self, name: str) -> str:
        return find_program(name, self._tools, advice=_INSTALL, device=self._spec.name)
