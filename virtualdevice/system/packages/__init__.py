"""The package manager: records, data directories, installing, removing, the scan at boot."""
