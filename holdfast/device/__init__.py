"""The drivers of a device, and `connect`, which gives a `Device` that holds them."""

from holdfast.device.connect import connect
from holdfast.device.device import Access, Device
from holdfast.device.shell import Files, Shell, ShellResult, quote
from holdfast.device.ui import Ui

__all__ = ["Access", "Device", "Files", "Shell", "ShellResult", "Ui", "connect", "quote"]
