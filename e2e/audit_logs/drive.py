#!/usr/bin/env python3
"""Statistics, charts and calendars of `frankly audit`, against libraries that are not ours.

Needs no server. FRANKLY_BIN is the program; what it writes goes to a temporary folder.
"""

import csv
import datetime
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import zoneinfo
from pathlib import Path

import capstat_core
import icalendar
import krippendorff
import numpy
import pandas
import recurring_ical_events
import shewhart
from dateutil import rrule
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from statsmodels.stats.inter_rater import cohens_kappa

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from checks import Checks  # noqa: E402

FRANKLY = os.environ["FRANKLY_BIN"]
SAME = 1e-9
# capstat looks at whole windows alone: of the first four points it tells fewer
WHOLE_WINDOW = 4
FOLDER = Path(tempfile.mkdtemp(prefix="frankly-audit-logs-"))
checks = Checks()


def frankly(*words, codes=(0,)):
    done = subprocess.run([FRANKLY, "audit", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"frankly audit {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def write(name, header, rows):
    with open(FOLDER / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def worst(pairs):
    """The largest difference, relative to what is larger than 1."""
    return max(abs(ours - theirs) / max(1.0, abs(theirs)) for ours, theirs in pairs)


def labels(chance, items, kinds, skill, reviewers, missing):
    rows = []
    for _ in range(items):
        truth = chance.randrange(kinds)
        row = [truth if chance.random() < skill else chance.randrange(kinds) for _ in range(reviewers)]
        rows.append(["" if chance.random() < missing else str(label + 1) for label in row])
    return rows


def agreement():
    worst_kappa, worst_interval, tables = 0.0, 0.0, 0
    for seed in range(40):
        chance = random.Random(seed)
        kinds = 2 + seed % 5
        rows = labels(chance, 20 + seed * 13, kinds, 0.2 + 0.02 * seed, 2, 0.0)
        write("two.csv", ["first", "second"], rows)
        ours = json.loads(frankly("logs", "agree", "two.csv", "--columns", "first,second", "--report", "json"))["kappa"]
        first, second = [row[0] for row in rows], [row[1] for row in rows]
        table = confusion_matrix(first, second, labels=ours["confusion"]["labels"])
        tables += table.tolist() == ours["confusion"]["counts"]
        theirs = cohens_kappa(table)
        worst_kappa = max(worst_kappa, worst([(ours["kappa"], cohen_kappa_score(first, second)), (ours["kappa"], theirs.kappa)]))
        low, high = ours["interval"]
        worst_interval = max(
            worst_interval,
            worst([(low, theirs.kappa_low), (high, theirs.kappa_upp), (ours["standard_error"], math.sqrt(theirs.var_kappa))]),
        )
        size = len(ours["confusion"]["labels"])
        adjusted = (size * float(numpy.trace(table)) / table.sum() - 1) / (size - 1)
        worst_kappa = max(worst_kappa, abs(adjusted - ours["adjusted"]))
    checks.that(f"confusion matrices are scikit-learn's ({tables} of 40)", tables == 40)
    checks.that(f"kappa is scikit-learn's and statsmodels' (40 tables, worst {worst_kappa:.1e})", worst_kappa < SAME)
    checks.that(f"its interval of 95 % is statsmodels' (worst {worst_interval:.1e})", worst_interval < SAME)


def alpha():
    for level in ("nominal", "ordinal", "interval"):
        furthest = 0.0
        for seed in range(20):
            chance = random.Random(1_000 + seed)
            reviewers = 2 + seed % 4
            names = [f"r{number}" for number in range(reviewers)]
            rows = labels(chance, 15 + seed * 7, 2 + seed % 6, 0.5, reviewers, 0.2)
            write("many.csv", names, rows)
            ours = json.loads(frankly("logs", "agree", "many.csv", "--columns", ",".join(names), "--level", level, "--report", "json"))
            data = [[float("nan") if row[at] == "" else float(row[at]) for row in rows] for at in range(reviewers)]
            furthest = max(furthest, abs(ours["alpha"] - krippendorff.alpha(reliability_data=data, level_of_measurement=level)))
        checks.that(f"alpha of {level} labels is krippendorff's (20 tables with missing labels, worst {furthest:.1e})", furthest < SAME)


def charts():
    libraries = {
        ("p", False): (shewhart.p_chart, "defectives"),
        ("p", True): (shewhart.laney_p, "defectives"),
        ("u", False): (shewhart.u_chart, "defects"),
        ("u", True): (shewhart.laney_u, "defects"),
    }
    rules_same = rules_seen = 0
    for (kind, wide), (library, column) in libraries.items():
        limits = moving = 0.0
        for seed in range(20):
            chance = numpy.random.default_rng(seed)
            points = 20 + seed
            size = chance.integers(80, 400, points)
            shift = numpy.where(numpy.arange(points) > points // 2, 1.0 + seed / 30, 1.0)
            spread = chance.normal(1.0, 0.1 if wide else 0.0, points).clip(0.5, 1.5)
            count = chance.binomial(size, numpy.clip(0.1 * shift * spread, 0, 1)) if kind == "p" else chance.poisson(size * 0.2 * shift * spread)
            write("points.csv", ["label", "count", "size"], [[f"d{at}", int(count[at]), int(size[at])] for at in range(points)])
            words = ["logs", "chart", "points.csv", "--table", "--as", kind, "--report", "json"]
            ours = json.loads(frankly(*words, *(["--overdispersed"] if wide else [])))
            frame = pandas.DataFrame({"x": count.astype(float), "n": size.astype(float)})
            theirs = library(frame, **{column: "x"}, size="n", rules=None).table
            pairs = [(point["lower"], low) for point, low in zip(ours["points"], theirs["lcl"])]
            pairs += [(point["upper"], high) for point, high in zip(ours["points"], theirs["ucl"])]
            limits = max(limits, worst(pairs))
            deviations = [point["deviations"] for point in ours["points"]]
            average = shewhart.ewma(deviations, lam=0.2, k=3.0, center=0.0, sigma=1.0).table
            moving = max(moving, worst([(point["ewma"], mean) for point, mean in zip(ours["points"], average["ewma"])]))
            moving = max(moving, worst([(point["ewma_limit"], high) for point, high in zip(ours["points"], average["ucl"])]))
            exact = capstat_core.ewma_chart(deviations, target=0.0, sigma=1.0, lmbda=0.2, L=3.0)
            moving = max(moving, worst([(point["ewma"], mean) for point, mean in zip(ours["points"], exact.points)]))
            rules_seen += sum(len(point["rules"]) for point in ours["points"])
            told = {(at, rule) for at, point in enumerate(ours["points"]) for rule in point["rules"] if at >= WHOLE_WINDOW}
            rules_same += {found for found in rules(deviations) if found[0] >= WHOLE_WINDOW} == told
        name = f"{kind}{chr(39) if wide else ''}"
        checks.that(f"limits of the {name}-chart are shewhart's (20 charts, worst {limits:.1e})", limits < SAME)
        checks.that(f"the moving average of the {name}-chart is shewhart's and capstat's (worst {moving:.1e})", moving < SAME)
    checks.that(f"the rules of Western Electric are capstat's ({rules_seen} signals in 80 charts, {rules_same} the same)", rules_same == 80 and rules_seen > 100)


def rules(deviations):
    """What capstat finds in a chart with the center 0 and a standard deviation of 1."""
    limits = capstat_core.ControlLimits(center=0.0, lower=-3.0, upper=3.0)
    chart = capstat_core.ControlChart(name="individuals", points=tuple(deviations), limits=limits, violations=())
    return {(found.point, found.rule) for found in capstat_core.western_electric_rules(chart)}


def normal():
    pairs = []
    for confidence in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.999999):
        # a sample for a population without end is z² / 4e²: with e chosen so, its size tells z to many digits
        z = stats.norm.ppf((1 + confidence) / 2)
        half = float(z / (2 * math.sqrt(50_000.5)))
        rows = "".join(json.dumps({"kind": "decision", "id": str(n), "at": "2026-03-02T09:00:00Z", "category": "a"}) + "\n" for n in range(3_000))
        (FOLDER / "log.ndjson").write_text(rows)
        words = ["logs", "sample", "log.ndjson", "--seed", "1", "--by", "category", "--confidence", repr(confidence), "--half-width", repr(half)]
        ours = len(json.loads(frankly(*words, "--report", "json"))["rows"])
        endless = z * z / (4 * half * half)
        pairs.append((ours, math.ceil(endless / (1 + (endless - 1) / 3_000) - 1e-9)))
    checks.that(f"sizes of samples are those of scipy's quantiles with the finite correction ({len(pairs)} levels)", all(ours == theirs for ours, theirs in pairs))


def minors():
    """G12: the ranks are scipy's Mann-Whitney test, which is told in the evidence."""
    chance = random.Random(5)
    entries, groups = [], {True: [], False: []}
    for number in range(400):
        minor = number % 3 == 0
        hours = chance.randrange(1, 12) + (4 if minor else 0)
        groups[minor].append(hours)
        end = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.timezone.utc)
        began = end - datetime.timedelta(hours=hours)
        entries.append({"kind": "decision", "id": f"e{number}", "at": end.isoformat(), "began": began.isoformat(), "category": "a", "minor": minor})
    (FOLDER / "minors.ndjson").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    review = json.loads(frankly("logs", "gaps", "minors.ndjson", "--report", "json", "--fail-on", "never"))
    found = next(check for check in review["checks"] if check["check"] == "G12")
    shows = found["findings"][0]["evidence"][0]["shows"]
    test = stats.mannwhitneyu(groups[True], groups[False], alternative="greater", use_continuity=False, method="asymptotic")
    theirs = f"ranks lie {stats.norm.isf(test.pvalue):.1f} standard deviations above chance, p = "
    ours = float(shows.rsplit("= ", 1)[1])
    checks.that(f"G12 is scipy's test of Mann and Whitney ({shows})", shows.startswith(theirs) and abs(ours / test.pvalue - 1) < 0.06)


RULES = [
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;BYDAY=MO,WE,FR",
    "FREQ=DAILY;BYMONTH=3,11;BYMONTHDAY=1,-1",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH,SU",
    "FREQ=WEEKLY;BYMONTH=2,3;BYDAY=TU",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;INTERVAL=5",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR",
    "FREQ=MONTHLY;BYDAY=TU",
    "FREQ=MONTHLY;BYMONTHDAY=31,-2",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;BYDAY=5SA;BYMONTH=1,5,8",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=7",
    "FREQ=WEEKLY;COUNT=30",
    "FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20290101T000000Z",
]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


def planned():
    """Reviews in several zones whose first day is one of their rule, and who signs them."""
    reviews = []
    for number, text in enumerate(RULES):
        starts = datetime.datetime(2024, 1, 31, 2, 30)
        first = rrule.rrulestr(f"RRULE:{text}".replace("UNTIL=20290101T000000Z", "UNTIL=20290101T000000"), dtstart=starts)[0]
        reviews.append((f"review-{number}", text, first, ZONES[number % len(ZONES)]))
    for name, text, first, zone in reviews:
        words = ["schedule", "add", name, "--title", f"Review; of, {name}", "--starts", first.isoformat(timespec="minutes"), "--zone", zone]
        frankly(*words, "--rule", text, "--role", "lead", "--role", "auditor", "--remind-days", "2")
    return reviews


def calendars():
    reviews = planned()
    frankly("schedule", "ics", "--to", "reviews.ics", "--now", "2026-01-01T00:00:00Z")
    calendar = icalendar.Calendar.from_ical((FOLDER / "reviews.ics").read_bytes())
    events = {str(event["UID"]).split("@")[0]: event for event in calendar.walk("VEVENT")}
    checks.that(f"the calendar is read by icalendar ({len(events)} events)", len(events) == len(reviews) and not calendar.errors)
    checks.that("titles are unescaped", all(str(events[name]["SUMMARY"]) == f"Review; of, {name}" for name, *_ in reviews))
    alarms = [alarm for event in events.values() for alarm in event.walk("VALARM")]
    checks.that("every event reminds two days before", len(alarms) == len(reviews) and all(alarm["TRIGGER"].dt == datetime.timedelta(days=-2) for alarm in alarms))

    # overdue occurrences tell every time of a rule, on the clock of its zone
    told = {}
    end = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    for line in frankly("schedule", "next", "--now", "2030-01-08T00:00:00Z", codes=(6,)).splitlines():
        words = line.split()
        if words[0] == "OVERDUE":
            told.setdefault(words[1], []).append(words[3].rstrip(":"))
    same = total = 0
    for name, _, first, zone in reviews:
        only = icalendar.Calendar()
        for part in calendar.subcomponents:
            if part.name == "VTIMEZONE" or str(part.get("UID", "")).startswith(f"{name}@"):
                only.add_component(part)
        theirs = sorted({event["DTSTART"].dt for event in recurring_ical_events.of(only).between(first.date() - datetime.timedelta(days=2), end)})
        days = [start.astimezone(zoneinfo.ZoneInfo(zone)).date().isoformat() for start in theirs if start < end]
        total += len(days)
        same += days == told.get(name, [])
        if days != told.get(name, []):
            print(f"| {name}: {len(days)} days, {len(told.get(name, []))} told; first that differ: {[pair for pair in zip(days, told.get(name, [])) if pair[0] != pair[1]][:2]}")
    checks.that(f"recurring-ical-events finds the same days as we do ({same} of {len(reviews)} reviews, {total} days)", same == len(reviews))

    summer = {}
    for name, zone in (("review-1", "America/New_York"), ("review-0", "Europe/Berlin")):
        summer[zone] = {start.astimezone(zoneinfo.ZoneInfo(zone)).strftime("%H:%M") for start in occurrences(calendar, name, 2026)}
        summer[zone, "UTC"] = {start.astimezone(datetime.timezone.utc).strftime("%H:%M") for start in occurrences(calendar, name, 2026)}
    wall = all(times <= {"02:30", "03:30"} for zone, times in summer.items() if isinstance(zone, str))
    moved = all(len(times) >= 2 for zone, times in summer.items() if not isinstance(zone, str))
    checks.that(f"across summer time the clock on the wall stays, and UTC moves ({summer})", wall and moved)
    zones()


def occurrences(calendar, name, year):
    found = recurring_ical_events.of(calendar).between(datetime.date(year, 1, 1), datetime.date(year + 1, 1, 1))
    return [event["DTSTART"].dt for event in found if str(event["UID"]).startswith(f"{name}@")]


def zones():
    """The clocks that are written, read by a program that does not know the zone."""
    text = (FOLDER / "reviews.ics").read_bytes()
    wrong = checked = 0
    for part in icalendar.Calendar.from_ical(text).walk("VTIMEZONE"):
        name = str(part["TZID"])
        changes = sorted((clock["DTSTART"].dt, clock["TZOFFSETFROM"].td, clock["TZOFFSETTO"].td) for clock in part.subcomponents)
        for day in range(0, 365 * 9, 5):
            moment = datetime.datetime(2024, 3, 1, 12) + datetime.timedelta(days=day)
            offset = [after for start, _, after in changes if start <= moment][-1]
            checked += 1
            wrong += offset != moment.replace(tzinfo=zoneinfo.ZoneInfo(name)).utcoffset()
    checks.that(f"the clocks of the zones are those of the time zone database ({checked} moments)", checked > 3_000 and wrong == 0)


def main():
    agreement()
    alpha()
    charts()
    normal()
    minors()
    calendars()
    checks.end()


main()
