"""The bootloader and fastbootd: what the real `fastboot` over TCP talks to."""
