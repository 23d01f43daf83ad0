"""The adb daemon: a codec without input or output, and the services on top of it."""
