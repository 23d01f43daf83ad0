"""`python -m holdfast` is the `holdfast` command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command; plain `verify` and `judge` do without the rest, which loads longer."""
    if sys.argv[1:2] == ["verify"]:
        from holdfast.apk.verify_command import verify_plainly

        status = verify_plainly(sys.argv[2:])
        if status is not None:
            sys.exit(status)
    if sys.argv[1:2] == ["judge"]:
        from holdfast.dialogs.judge_command import judge_plainly

        status = judge_plainly(sys.argv[2:])
        if status is not None:
            sys.exit(status)
    from holdfast.cli import main as whole_program

    whole_program()


if __name__ == "__main__":
    main()
