"""Known weaknesses in the pinned packages. Findings fail; what could not be looked up is said, and passes."""

import json
import subprocess
import sys

COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip"),
    *("--progress-spinner", "off", "--format", "json"),
)


def main() -> str | None:
    """Returns what is wrong, if anything."""
    try:
        outcome = subprocess.run(COMMAND, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603
        dependencies = json.loads(outcome.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        print("pip-audit: SKIPPED, the database of weaknesses did not answer")
        return None
    except ValueError:
        print(f"pip-audit: SKIPPED, {outcome.stderr.strip().splitlines()[-1]}")
        return None
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    if skipped:
        print(f"pip-audit: SKIPPED {len(skipped)} of {len(dependencies)} packages, not found in the database")
    findings = [
        f"{each['name']} {each['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or 'none'}"
        for each in dependencies
        for weakness in each.get("vulns", [])
    ]
    print(f"pip-audit: {len(dependencies) - len(skipped)} packages looked up, {len(findings)} weaknesses found")
    return "\n".join(findings) or None


if __name__ == "__main__":
    sys.exit(main())
