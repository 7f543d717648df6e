#!/usr/bin/env python3
"""Our audit over our own registry, read by tools that are not ours: compliance-trestle, junitparser, Python's csv and XML."""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from junitparser import Failure, JUnitXml, Skipped

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "support"))
from checks import Checks  # noqa: E402

FRANKLY = os.environ["FRANKLY_BIN"]
# Evidence ages: the day of judgement is the day on which the registry was looked through.
DAY = "2026-11-28"
checks = Checks()


def audit(*words, code=0):
    """What `frankly audit …` prints; its exit code is a check of its own."""
    run = subprocess.run([FRANKLY, "audit", *words], cwd=ROOT, capture_output=True, text=True, timeout=120)
    checks.that(f"audit {' '.join(words[:2])} ends with {code}", run.returncode == code, f"{run.returncode}: {run.stdout[-600:]}{run.stderr[-300:]}")
    return run.stdout


def trestle(folder, *words):
    """Runs trestle in a workspace; trestle validates what it imports."""
    return subprocess.run([str(Path(sys.executable).with_name("trestle")), *words], cwd=folder, capture_output=True, text=True, timeout=300)


def gate():
    """The step that a pipeline runs, on our own registry."""
    checks.that("the registry has no faults", "no faults" in audit("registry", "lint", "--as-of", DAY))
    audit("registry", "verify", "--root", ".", "--as-of", DAY)
    said = audit("check", "--policy", "registry/policy.example.yaml", "--as-of", DAY)
    checks.that("the example policy is kept by our own two modes", " 0 new," in said, said)
    audit("check", "--policy", "registry/policy.example.yaml", "--as-of", "2028-01-01", code=3)


def oscal(folder):
    """Each document is imported by trestle, which refuses what OSCAL does not allow."""
    out = folder / "results"
    audit("run", "--profile", "article-minimum", "--as-of", DAY, "--out", str(out))
    workspace = folder / "workspace"
    workspace.mkdir()
    begun = trestle(workspace, "init", "--local")
    checks.that("trestle makes a workspace", begun.returncode == 0, begun.stderr[-300:])
    for name in ["catalog", "profile", "assessment-plan", "assessment-results", "poam"]:
        done = trestle(workspace, "import", "--file", str(out / f"{name}.json"), "--output", f"our-{name}")
        checks.that(f"trestle imports {name}.json", done.returncode == 0, (done.stdout + done.stderr)[-600:])
    broken = json.loads((out / "assessment-results.json").read_text())
    del broken["assessment-results"]["import-ap"]
    (out / "broken.json").write_text(json.dumps(broken))
    refused = trestle(workspace, "import", "--file", str(out / "broken.json"), "--output", "broken")
    checks.that("trestle refuses results without their plan", refused.returncode != 0)


def other_formats(folder):
    """JUnit, CSV, HTML and the chart in the hands of other readers."""
    data = json.loads(audit("report", "--format", "json", "--as-of", DAY))
    states = [cell["state"] for cell in data["cells"]]
    path = folder / "audit.xml"
    audit("report", "--format", "junit", "--as-of", DAY, "--out", str(path))
    cases = [case for suite in JUnitXml.fromfile(str(path)) for case in suite]
    checks.equal("junitparser counts every control", len(cases), len(states))
    kinds = [type(case.result[0]) if case.result else None for case in cases]
    bad = sum(state in ("not_met", "stale") for state in states)
    checks.equal("junitparser counts what is not met or stale as failures", sum(kind is Failure for kind in kinds), bad)
    checks.equal("junitparser counts what is met as passed", sum(kind is None for kind in kinds), states.count("met"))
    checks.that("what is unknown is skipped", sum(kind is Skipped for kind in kinds) >= states.count("unknown"))
    rows = list(csv.DictReader(io.StringIO(audit("report", "--format", "csv", "--as-of", DAY))))
    checks.equal("Python's csv reads a line for each claim", len(rows), sum(max(1, len(cell["claims"])) for cell in data["cells"]))
    chart = ElementTree.fromstring(audit("report", "--format", "svg", "--as-of", DAY))
    checks.that("the chart is XML", chart.tag.endswith("svg"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        gate()
        oscal(Path(folder))
        other_formats(Path(folder))
    checks.end()


main()
