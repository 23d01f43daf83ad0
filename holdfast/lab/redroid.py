"""Android in a container (redroid), by docker.

As https://github.com/remote-android/redroid-doc documents it. Never run on redroid where this was
written: held against a stand-in that behaves as documented.
"""

from __future__ import annotations

import os
import re
import shlex

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab.inventory import RedroidSpec
from holdfast.lab.provider import Endpoint, Say
from holdfast.lab.started import Complaint, Launch, Started, find_program, free_port

__all__ = ["RedroidProvider"]

_COMPLAINTS = (
    Complaint(
        words=re.compile(r"permission denied.*docker|Cannot connect to the Docker daemon",
                         re.IGNORECASE),
        error=HostToolMissing,
        advice="start docker, and put this user into the group docker",
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


class RedroidProvider:
    """One container, made for the run and removed with everything in it."""

    def __init__(self, spec: RedroidSpec) -> None:
        self._spec = spec
        self._started = Started(title="docker", device=spec.name, complaints=_COMPLAINTS)

    @property
    def resource(self) -> str:
        """Each run makes its own, so that nothing is shared between runs."""
        return f"redroid/{os.getpid()}/{self._spec.name}"

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        docker = find_program(
            "docker", advice="install docker (Debian: apt-get install docker.io)",
            device=self._spec.name,
        )  # fmt: skip
        port = free_port()
        name = f"holdfast-{self._spec.name}-{os.getpid()}"
        options = ["--rm", "--privileged", "--pull=missing", "--name", name]
        arguments = [f"{key}={value}" for key, value in self._spec.boot_arguments.items()]
        launch = Launch(
            command=(
                docker, "run", *options, "-p", f"127.0.0.1:{port}:5555",
                self._spec.image, *arguments,
            ),
            serial=f"127.0.0.1:{port}",
            undo=f"{shlex.quote(docker)} rm -f -v {shlex.quote(name)}",
        )  # fmt: skip
        return self._started.start(launch, deadline, say=say)

    def stop(self, deadline: Deadline) -> None:
        self._started.stop(deadline)
