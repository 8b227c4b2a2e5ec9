"""Reasons a start must not go on, each told in one sentence."""


class StartupError(Exception):
    """The program cannot start (or run this command); the message is one sentence a person can act on.

    The command line prints the message alone and exits with a non-zero status; no traceback is shown.
    """
