"""Tests of virtualdevice.ota."""
