"""Compares the NumPy core with its peers on this machine and prints the tables as Markdown.
Start it from a checkout with benchmarks/requirements.txt installed; nothing else should run.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

import cnn
import mlp
from measure import bars, markdown, time_in_turns

TABLES = [*mlp.TABLES, *cnn.TABLES]


def machine() -> dict[str, str]:
    """What the figures depend on: processor, load, and the versions of everything measured."""
    found = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        found["load before"] = f"{os.getloadavg()[0]:.1f}"
    for package in ("numpy", "torch", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(x for x in lines if x.startswith("model name")).split(":")[1].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    keys = [table.key for table in TABLES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="measurements of every row")
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, metavar="TABLE",
                        help=f"some of {', '.join(keys)}")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print an object a table instead")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("at least one repeat is needed")

    about = machine()
    if options.json:
        print(json.dumps({"machine": about}))
    else:
        line = " · ".join(f"{name} {value}" for name, value in about.items())
        print(line, end="\n\n", flush=True)
    for table in TABLES:
        if table.key not in options.only:
            continue
        print(f"measuring {table.key}", file=sys.stderr)
        timings = time_in_turns(table, options.repeats)
        if options.json:
            rows = {name: asdict(timing) for name, timing in timings.items()}
            print(json.dumps({"table": table.key, "title": table.title, "unit": "s",
                              "rows": rows, "bars": bars(table, timings)}))  # fmt: skip
        else:
            print(markdown(table, timings), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
