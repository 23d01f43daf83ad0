"""`python -m holdfast` is the `holdfast` command."""

from __future__ import annotations

import sys

from holdfast.apk.verify_command import verify_plainly

__all__ = ["main"]


def main() -> None:
    """Run the command; `verify` alone does without the rest of the program, which loads longer."""
    if sys.argv[1:2] == ["verify"]:
        status = verify_plainly(sys.argv[2:])
        if status is not None:
            sys.exit(status)
    from holdfast.cli import main as whole_program

    whole_program()


if __name__ == "__main__":
    main()
