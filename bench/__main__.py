import argparse
import asyncio

from bench import chat, dashboards, rest

FAMILIES = {"rest": rest.run, "chat": chat.run, "dashboards": dashboards.run}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed; one JSON line a row.")
    parser.add_argument(
        "family", nargs="*", metavar="family", help=f"of {', '.join(FAMILIES)}; all of them unless given"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="how long one measurement of a reading row takes")
    parser.add_argument("--repeats", type=int, default=5, help="how often each server is measured, in turns")
    asked = parser.parse_args()
    if unknown := set(asked.family) - set(FAMILIES):
        parser.error(f"no such family: {', '.join(sorted(unknown))}")
    for family in asked.family or FAMILIES:
        asyncio.run(FAMILIES[family](seconds=asked.seconds, repeats=asked.repeats))


if __name__ == "__main__":
    main()
