"""The names of the entries of an OTA package that its maker writes and recovery reads."""

from __future__ import annotations

__all__ = ["METADATA", "PAYLOAD", "PROPERTIES", "SYSTEM_IMAGE", "UPDATER"]

METADATA = "META-INF/com/android/metadata"
PAYLOAD, PROPERTIES = "payload.bin", "payload_properties.txt"
UPDATER = "META-INF/com/google/android/update-binary"
SYSTEM_IMAGE = "system.new.dat"
