"""A Cuttlefish virtual device, by the host tools that come with its build (`launch_cvd`).

As https://source.android.com/docs/devices/cuttlefish documents them. Never run on a Cuttlefish
where this was written: held against a stand-in that behaves as documented.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab.inventory import CuttlefishSpec
from holdfast.lab.provider import Check, look
from holdfast.lab.started import Complaint, Launch, find_program, is_free, require_kvm

__all__ = ["Cuttlefish"]

# The first instance is at 6520, each further one a port higher.
_FIRST_ADB_PORT = 6520
_INSTALL = "unpack the build's cvd-host_package.tar.gz and name its folder in `host_tools`"
_NO_KVM = "Cuttlefish needs KVM: load kvm_intel or kvm_amd, and allow this user /dev/kvm"
_COMPLAINTS = (
    Complaint(
        words=re.compile(r"/dev/kvm|KVM", re.IGNORECASE),
        error=HostToolMissing,
        advice=_NO_KVM,
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


class Cuttlefish:
    """The Launcher of one instance. `folder` is the one of devices.yaml: relative paths are taken
    from there."""

    title = "Cuttlefish"
    complaints = _COMPLAINTS

    def __init__(self, spec: CuttlefishSpec, *, folder: Path) -> None:
        self._spec = spec
        self.device = spec.name
        self._images = folder / spec.images
        self._tools = folder / (spec.host_tools or spec.images) / "bin"

    @property
    def resource(self) -> str:
        return f"cuttlefish/{self._spec.instance}"

    def launch(self, deadline: Deadline) -> Launch:
        deadline.require("starting Cuttlefish", device=self.device)
        spec = self._spec
        launch_cvd = self._tool("launch_cvd")
        self._require_images()
        port = _FIRST_ADB_PORT + spec.instance - 1
        if not is_free(port):
            raise LabError(
                f"port {port} of Cuttlefish instance {spec.instance} is taken: stop what runs "
                "there, or give another `instance`",
                device=spec.name,
            )
        return Launch(
            command=(
                launch_cvd,
                "--daemon=false",
                f"--base_instance_num={spec.instance}",
                f"--system_image_dir={self._images}",
                f"--cpus={spec.cpus}",
                f"--memory_mb={spec.memory_mb}",
                f"--resume={'true' if spec.keep_user_data else 'false'}",
                # Else it has the user's adb server connect to it, again and again.
                "--run_adb_connector=false",
                # Host tools of some years insist on an answer, those of others know no question.
                "--report_anonymous_usage_stats=n",
                "--undefok=report_anonymous_usage_stats",
                *self._where_it_is_kept(),
            ),
            environment={"CUTTLEFISH_INSTANCE": str(spec.instance)},  # which one stop_cvd stops
            serial=f"127.0.0.1:{port}",
            undo=shlex.quote(self._tool("stop_cvd")),
        )

    def _where_it_is_kept(self) -> tuple[str, ...]:
        """It keeps its disk below HOME, which here ends with the run."""
        if not self._spec.keep_user_data:
            return ()
        kept = self._images / f"holdfast-{self._spec.instance}"
        return (f"--instance_dir={kept / 'runtime'}", f"--assembly_dir={kept / 'assembly'}")

    def host_checks(self, deadline: Deadline) -> Iterator[Check]:  # noqa: ARG002 - it runs nothing
        for name in ("launch_cvd", "stop_cvd"):
            yield look(name, partial(self._tool, name))
        yield look("its images", self._require_images)
        yield look("hardware acceleration", lambda: require_kvm(self.device, _NO_KVM))

    def _require_images(self) -> str:
        if not any(self._images.glob("*.img")):
            raise ConfigurationError(
                f"device {self.device}: there is no folder {self._images} with images (*.img)"
            )
        return str(self._images)

    def _tool(self, name: str) -> str:
        return find_program(name, self._tools, advice=_INSTALL, device=self._spec.name)
