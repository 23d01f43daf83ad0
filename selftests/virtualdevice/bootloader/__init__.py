"""Tests of virtualdevice.bootloader."""
