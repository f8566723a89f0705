"""Run the rows that stop and kill things, one after the other; each prints one line of JSON.

    python -m tests.faults [K1 K2 …] [--quick]

Not 0 when a row misses its figure.
"""

import argparse
import subprocess
import sys

# What each row runs, as `python -m <module> [--quick]`: it prints its line, and exits with 0 when its figures hold.
ROWS = {
    "K1": "tests.faults.kill_the_server",
    "K2": "tests.faults.kill_the_database",
    "K3": "tests.faults.restart_redis",
    "K4": "tests.faults.stop_redis",
    "K5": "tests.faults.lossy_doorbell",
    "K6": "tests.faults.roll_servers",
    "K7": "tests.faults.kill_the_worker",
    "K8": "tests.faults.ghosts",
    "P2": "bench.faults.idle",
    "P3": "bench.faults.reconnect",
    "P4": "bench.faults.burst",
    "P5": "bench.faults.slow_query",
    "P6": "bench.faults.silent_reader",
    "P7": "bench.faults.flood",
    "P8": "bench.faults.churn",
    "P9": "bench.faults.connections",
    "P10": "bench.faults.growth",
    "P11": "bench.faults.presence",
    "S3": "tests.faults.forged_keys",
    "S4": "tests.faults.telling_time",
    "S10": "tests.faults.hostile_http",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="One JSON line a row.")
    parser.add_argument("row", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; all of them unless given")
    parser.add_argument("--quick", action="store_true", help="fewer faults and less traffic")
    asked = parser.parse_args()
    if unknown := set(asked.row) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    more = ["--quick"] if asked.quick else []
    missed = [row for row in asked.row or ROWS if subprocess.run([sys.executable, "-m", ROWS[row], *more]).returncode]
    if missed:
        sys.stderr.write(f"missed: {', '.join(missed)}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
