"""A virtual Android device: a program of its own, which the real clients take for a phone."""
