"""Fuzzing: `python -m selftests.fuzz.apk` (atheris), and hypothesis in the selftests."""
