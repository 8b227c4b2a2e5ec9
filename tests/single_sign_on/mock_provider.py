"""Runs the mock provider in a process of its own until its standard input ends; its first line says the port."""

import os
import sys
import warnings

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
warnings.simplefilter("ignore")

from oidc_provider_mock import run_server_in_thread  # noqa: E402  # it reads the environment

if __name__ == "__main__":
    with run_server_in_thread() as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()
