"""`python -m bench imports|hot|growth|files|portfolio|charts|all`: measures the server, prints tables, writes JSON."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.runtime.interruption import interruptible
from bench import charts, files, growth, hot, imports, portfolio


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures the server on a database of its own."
    )
    json_file = argparse.ArgumentParser(add_help=False)
    json_file.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as JSON")
    kinds = parser.add_subparsers(dest="kind", metavar="{imports,hot,growth,files,portfolio,charts,all}")
    for name, what in (
        ("imports", "an import, and what reading costs before and after it (the default)"),
        ("hot", "the hot routes beside a bare twin, and by the size of the book"),
        ("growth", "what requests cost in a book of a million transactions"),
        ("files", "what a file of all transactions costs"),
        ("portfolio", "a portfolio of 200 assets and 20,000 trades beside one of 20 and 1,000"),
        ("charts", "the charts of docs/charts.md, of a demo book"),
        ("all", "imports and hot"),
    ):
        kind = kinds.add_parser(name, help=what, parents=[json_file])
        if name in {"imports", "all"}:
            imports.add_options(kind)
        if name in {"hot", "all"}:
            hot.add_options(kind)
        if name == "growth":
            growth.add_options(kind)
        if name == "files":
            files.add_options(kind)
        if name == "portfolio":
            portfolio.add_options(kind)
        if name == "charts":
            charts.add_options(kind)
    return parser


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    if options.kind is None:
        parser.print_help()
        print("\nNothing chosen: measuring imports.\n", flush=True)
        options = parser.parse_args(["imports"])
    measures: dict[str, tuple[Callable[[argparse.Namespace], Any], Callable[[Any], str]]] = {
        "imports": (imports.measure, imports.tables),
        "hot": (hot.measure, hot.tables),
        "growth": (growth.measure, growth.tables),
        "files": (files.measure, files.tables),
        "portfolio": (portfolio.measure, portfolio.tables),
        "charts": (charts.measure, charts.tables),
    }
    found = {}
    with interruptible():
        for name, (measure, tables) in measures.items():
            if options.kind == name or (options.kind == "all" and name in {"imports", "hot"}):
                found[name] = measure(options)
                print(tables(found[name]), end="\n\n", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
