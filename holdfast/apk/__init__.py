"""Android packages: reading, verifying per API level, signing, and predicting an update's fate.

Import from the modules; this package imports none of them, so that a caller pays for what it uses.
"""
