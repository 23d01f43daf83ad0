"""Tests of virtualdevice.adbd."""
