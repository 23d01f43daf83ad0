"""Tests of virtualdevice.machine."""
