"""The words of `update_engine_client`: the command line, and what it logs while it follows.

Source: AOSP system/update_engine, aosp/update_engine_client_android.cc, client_library's
update_status_utils.cc, common/error_code.h.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from holdfast.firmware.ota_package import Payload

__all__ = ["ErrorCode", "Finished", "Progress", "Status", "read_line", "update_arguments"]


class Status(IntEnum):
    IDLE = 0
    CHECKING_FOR_UPDATE = 1
    UPDATE_AVAILABLE = 2
    DOWNLOADING = 3
    VERIFYING = 4
    FINALIZING = 5
    UPDATED_NEED_REBOOT = 6
    REPORTING_ERROR_EVENT = 7
    ATTEMPTING_ROLLBACK = 8
    DISABLED = 9
    NEED_PERMISSION_TO_UPDATE = 10
    CLEANUP_PREVIOUS_UPDATE = 11


class ErrorCode(IntEnum):
    """Those that a harness tells apart; others keep their number."""

    SUCCESS = 0
    ERROR = 1
    FILESYSTEM_COPIER_ERROR = 4
    POSTINSTALL_RUNNER_ERROR = 5
    PAYLOAD_MISMATCHED_TYPE = 6
    INSTALL_DEVICE_OPEN_ERROR = 7
    DOWNLOAD_TRANSFER_ERROR = 9
    PAYLOAD_HASH_MISMATCH = 10
    PAYLOAD_SIZE_MISMATCH = 11
    DOWNLOAD_PAYLOAD_VERIFICATION_ERROR = 12
    NEW_ROOTFS_VERIFICATION_ERROR = 15
    DOWNLOAD_PAYLOAD_PUB_KEY_VERIFICATION_ERROR = 18
    UNSUPPORTED_MAJOR_PAYLOAD_VERSION = 44
    UNSUPPORTED_MINOR_PAYLOAD_VERSION = 45
    PAYLOAD_TIMESTAMP_ERROR = 51
    UPDATED_BUT_NOT_ACTIVE = 52
    NOT_ENOUGH_SPACE = 60
    DEVICE_CORRUPTED = 61


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """`share` is from 0 to 1, of the current status."""

    status: Status | None
    name: str
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    number: int
    name: str

    @property
    def succeeded(self) -> bool:
        return self.number in (ErrorCode.SUCCESS, ErrorCode.UPDATED_BUT_NOT_ACTIVE)


_STATUS_BY_NUMBER = {int(status): status for status in Status}
_STATUS = re.compile(r"onStatusUpdate\(UPDATE_STATUS_(\w+) \((-?\d+)\), ([0-9.eE+-]+)\)")
_COMPLETE = re.compile(r"onPayloadApplicationComplete\(ErrorCode::k(\w+) \((-?\d+)\)\)")


def read_line(line: str) -> Progress | Finished | None:
    """What a line of its log tells; None if nothing of these."""
    if match := _STATUS.search(line):
        number = int(match[2])
        return Progress(status=_STATUS_BY_NUMBER.get(number), name=match[1], share=_share(match[3]))
    if match := _COMPLETE.search(line):
        return Finished(number=int(match[2]), name=match[1])
    return None


def _share(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def update_arguments(payload: Payload, *, uri: str) -> tuple[str, ...]:
    """The arguments that apply `payload` from `uri` (the whole package) and follow."""
    return (
        "--update",
        "--follow",
        f"--payload={uri}",
        f"--offset={payload.offset_bytes}",
        f"--size={payload.size_bytes}",
        "--headers=" + "\n".join(payload.headers),
    )
