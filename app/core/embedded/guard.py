"""Stops the server when the app died without doing so; run as a process of its own, by its path.

Its standard input is a pipe that only the app writes to, and never does: it ends when the app is gone, however that
happened. The kernel's own device for this, PR_SET_PDEATHSIG, goes by the thread that started the server, which may
end long before the app does. The server is held by a pidfd, which cannot come to mean another process.
"""

import os
import select
import signal
import sys


def watch(app: int, server: int) -> None:
    """Wait for the end of the pipe `app` or of the process behind the pidfd `server`, whichever is first."""
    poll = select.poll()
    poll.register(app, select.POLLIN)
    poll.register(server, select.POLLIN)
    if server not in {descriptor for descriptor, _ in poll.poll()}:
        signal.pidfd_send_signal(server, signal.SIGINT)
    os.close(server)


if __name__ == "__main__":
    watch(0, int(sys.argv[1]))
