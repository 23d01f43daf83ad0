"""Every preparation from every state, and every update that something comes between, on virtual
phones by the real adb and fastboot. `make preparations` runs all and prints both tables.
"""
