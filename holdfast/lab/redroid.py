"""Android in a container (redroid), by docker.

As https://github.com/remote-android/redroid-doc documents it. Never run on redroid where this was
written: held against a stand-in that behaves as documented.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab.inventory import RedroidSpec
from holdfast.lab.provider import Check, look
from holdfast.lab.started import (
    Complaint,
    Launch,
    find_program,
    free_port,
    require_version,
    run_tool,
)

__all__ = ["Redroid"]

_INSTALL = "install docker 20.10 or newer (Debian: apt-get install docker.io)"
_START = "start docker, and put this user into the group docker"
# `docker run --pull` came with it.
_VERSION = re.compile(r"Docker version (\d+)\.(\d+)")
_OLDEST = (20, 10)
_ASK_S = 30.0

_COMPLAINTS = (
    Complaint(
        words=re.compile(r"permission denied.*docker|Cannot connect to the Docker daemon",
                         re.IGNORECASE),
        error=HostToolMissing,
        advice=_START,
    ),
    Complaint(
        words=re.compile(r"pull access denied|manifest unknown|Unable to find image.*\n.*denied"
                         r"|no matching manifest|exec format error", re.IGNORECASE),
        error=ConfigurationError,
        advice="`image` must name an image that is there, for this processor",
    ),
    Complaint(
        words=re.compile(r"binder|ashmem", re.IGNORECASE),
        error=HostToolMissing,
        advice="the kernel has no binder: load the module binder_linux (modprobe binder_linux "
        "devices=binder,hwbinder,vndbinder)",
    ),
    Complaint(
        words=re.compile(r"port is already allocated|address already in use", re.IGNORECASE),
        error=LabError,
        advice="somebody took its port first: start again",
    ),
    Complaint(
        words=re.compile(r"container name .* is already in use", re.IGNORECASE),
        error=LabError,
        advice="a container of that name is left over: remove it by docker rm -f",
    ),
)  # fmt: skip


class Redroid:
    """The Launcher of one container, made for the run and removed with everything in it."""

    title = "docker"
    complaints = _COMPLAINTS

    def __init__(self, spec: RedroidSpec) -> None:
        self._spec = spec
        self.device = spec.name

    @property
    def resource(self) -> str:
        """Each run makes its own, so that nothing is shared between runs."""
        return f"redroid/{os.getpid()}/{self._spec.name}"

    def launch(self, deadline: Deadline) -> Launch:
        docker = self._docker
        self._require_new(deadline)
        self._remove_what_is_left(docker, deadline)
        port = free_port()
        name = f"{self._prefix}{os.getpid()}"
        options = ["--rm", "--privileged", "--pull=missing", "--name", name]
        arguments = [f"{key}={value}" for key, value in self._spec.boot_arguments.items()]
        return Launch(
            command=(
                docker, "run", *options, "-p", f"127.0.0.1:{port}:5555",
                self._spec.image, *arguments,
            ),
            serial=f"127.0.0.1:{port}",
            undo=f"{shlex.quote(docker)} rm -f -v {shlex.quote(name)}",
        )  # fmt: skip

    def host_checks(self, deadline: Deadline) -> Iterator[Check]:
        yield look("docker", lambda: self._require_new(deadline))
        yield look("docker's daemon", lambda: self._daemon(deadline))

    @property
    def _docker(self) -> str:
        return find_program("docker", advice=_INSTALL, device=self.device)

    @property
    def _prefix(self) -> str:
        return f"holdfast-{self._spec.name}-"

    def _require_new(self, deadline: Deadline) -> str:
        return require_version(
            [self._docker, "--version"],
            _VERSION,
            _OLDEST,
            advice=_INSTALL,
            deadline=deadline.within(_ASK_S),
            device=self.device,
            environment={},
        )

    def _daemon(self, deadline: Deadline) -> str:
        status, said = self._ask(deadline, self._docker, "info", "--format", "{{.ServerVersion}}")
        if status != 0:
            raise HostToolMissing(
                f"docker says: {said.strip()[-200:]}. {_START}", device=self.device
            )
        return f"answers, version {said.strip()[:40]}"

    def _remove_what_is_left(self, docker: str, deadline: Deadline) -> None:
        """The containers of runs that ended with their guardian, as by a power cut of the host."""
        _, said = self._ask(
            deadline, docker, "ps", "--all", "--filter", f"name={self._prefix}",
            "--format", "{{.Names}}",
        )  # fmt: skip
        for name in said.split():
            owner = name.removeprefix(self._prefix)
            if name != owner and owner.isdigit() and not Path(f"/proc/{owner}").exists():
                self._ask(deadline, docker, "rm", "-f", "-v", name)

    def _ask(self, deadline: Deadline, *command: str) -> tuple[int, str]:
        step = deadline.within(_ASK_S)
        return run_tool(command, deadline=step, device=self.device, environment={})
