#!/usr/bin/env python3
"""Sends real messages between 200 registered people and looks at what arrives.

Fails when a message is lost, doubled, changed or out of order. A message that its sender was told was
sent, that no recipient got and that no case explains is lost. Texts are never printed.
"""

import json
import os
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from checks import Checks  # noqa: E402
from client import Client, path  # noqa: E402

PEOPLE = 200
WORKERS = 25
POSTS = 4_000
SYNC_EVERY = 20  # messages of a pair between two syncs; a timeline holds up to 100
FILTER = json.dumps({"room": {"timeline": {"limit": 100}}})


class Message:
    """One text to send and what became of it."""

    def __init__(self, source, label, text):
        self.source, self.label, self.text = source, label, text
        self.event_id = None
        self.refusal = None


class Person:
    """A registered person with a sync position and everything their client saw."""

    def __init__(self, client):
        self.client = client
        self.since = None
        self.seen = []  # (event_id, sender, body) in the order of arrival
        self.gaps = 0

    def sync(self, room):
        """One sync; returns how many messages it brought."""
        query = {"filter": FILTER, "timeout": "0", **({"since": self.since} if self.since else {})}
        answer = self.client.must("GET", f"{path('sync')}?{urlencode(query)}")
        self.since = answer["next_batch"]
        timeline = answer.get("rooms", {}).get("join", {}).get(room, {}).get("timeline", {})
        self.gaps += bool(timeline.get("limited")) and bool(self.seen)
        return self.note(timeline.get("events", []))

    def note(self, events):
        found = [(e["event_id"], e["sender"], e["content"].get("body")) for e in events if e["type"] == "m.room.message"]
        self.seen.extend(found)
        return len(found)


def load(folder):
    """All SMS and a fixed sample of the posts, shuffled with a fixed seed."""
    sms = [json.loads(line) for line in (folder / "sms_train.jsonl").open(encoding="utf-8")]
    posts = [json.loads(line) for line in (folder / "davidson_train.jsonl").open(encoding="utf-8")]
    chance = random.Random(2)
    posts = chance.sample(posts, min(POSTS, len(posts)))
    messages = [Message("sms", "spam" if m["label"] else "ham", m["text"]) for m in sms]
    messages += [Message("posts", "offensive" if m["label"] else "neither", m["text"]) for m in posts]
    chance.shuffle(messages)
    return messages


def register(index):
    return Person(Client().register(f"person{index:03}"))


def drive_pair(pair, room, turns):
    """Sends the turns of one conversation, both people in their own order, and reads as clients do."""
    for number, (who, message) in enumerate(turns):
        target = path("rooms", room, "send", "m.room.message", f"t{number}")
        content = {"msgtype": "m.text", "body": message.text}
        status, answer = pair[who].client.call("PUT", target, content)
        if status == 200:
            message.event_id = answer["event_id"]
        else:
            message.refusal = (status, (answer or {}).get("errcode"))
        if number % SYNC_EVERY == SYNC_EVERY - 1:
            for person in pair:
                person.sync(room)
    for person in pair:
        while person.sync(room):
            pass


def history(person, room):
    """The room's messages oldest first, read page by page."""
    events, token = [], None
    while True:
        query = {"dir": "b", "limit": "100", **({"from": token} if token else {})}
        page = person.client.must("GET", f"{path('rooms', room, 'messages')}?{urlencode(query)}")
        events.extend(page["chunk"])
        token = page.get("end")
        if not token or not page["chunk"]:
            break
    return [e["event_id"] for e in reversed(events) if e["type"] == "m.room.message"]


def read_cases(staff):
    """Action of the case of each event, and how many cases there are per action."""
    summaries, after = [], None
    while True:
        query = {"state": "all", "limit": "100", **({"after": after} if after else {})}
        page = staff.must("GET", f"/_frankly/v1/console/cases?{urlencode(query)}")
        summaries.extend(page["cases"])
        after = page.get("next")
        if not after:
            break
    action_of = {}
    for case in summaries:
        detail = staff.must("GET", f"/_frankly/v1/console/cases/{quote(str(case['id']), safe='')}")
        event_id = (detail.get("message") or {}).get("event_id")
        if event_id:
            action_of[event_id] = case["action"]
    return action_of, Counter(case["action"] for case in summaries)


def judge(checks, rooms, action_of):
    """Compares what was sent with what each person saw; returns event IDs that were delivered."""
    delivered, faults = set(), Counter()
    for pair, room, turns in rooms:
        ids = [person.client.user_id for person in pair]
        for reader, person in enumerate(pair):
            everything = [entry[0] for entry in person.seen]
            notices = [sender not in ids for _, sender, _ in person.seen]
            faults["no first notice"] += notices[:1] != [True] or sum(notices) != 1
            seen = [event for event, sender, _ in person.seen if sender in ids]
            faults["doubled"] += len(seen) - len(set(seen))
            faults["gaps in a sync"] += person.gaps
            sent = {m.event_id: (ids[who], m.text) for who, m in turns if m.event_id}
            faults["from nowhere"] += sum(1 for event in seen if event not in sent)
            faults["changed"] += sum(1 for event, sender, body in person.seen if event in sent and sent[event] != (sender, body))
            for who in (0, 1):
                order = [m.event_id for author, m in turns if author == who and m.event_id and m.event_id in set(seen)]
                faults["out of order"] += order != [event for event, sender, _ in person.seen if sender == ids[who]]
            own = [m.event_id for who, m in turns if who == reader and m.event_id]
            faults["not seen by their sender"] += len(set(own) - set(seen))
            theirs = {m.event_id for who, m in turns if who != reader and m.event_id}
            delivered |= theirs & set(seen)
            missing = theirs - set(seen)
            faults["lost"] += sum(1 for event in missing if action_of.get(event) not in ("hold", "block"))
            faults["withheld by a case, yet delivered"] += sum(1 for event in theirs & set(seen) if action_of.get(event) in ("hold", "block"))
            faults["history differs from syncs"] += history(person, room) != everything
    for name in (
        "lost", "doubled", "out of order", "changed", "from nowhere", "not seen by their sender", "gaps in a sync", "no first notice",
        "withheld by a case, yet delivered", "history differs from syncs",
    ):
        checks.equal(f"real-input: {name}", faults[name], 0)
    return delivered


def table(messages, delivered, action_of):
    rows = defaultdict(Counter)
    for message in messages:
        row = rows[(message.source, message.label)]
        row["sent"] += 1
        if message.refusal:
            row["blocked"] += 1
        elif message.event_id not in delivered:
            row["withheld"] += 1
        else:
            row["delivered"] += 1
            row["annotated"] += action_of.get(message.event_id) is not None
    columns = ("sent", "delivered", "annotated", "withheld", "blocked")
    print("| source | label | sent | delivered | of these annotated | withheld | blocked |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for (source, label), row in sorted(rows.items()):
        print(f"| {source} | {label} | " + " | ".join(f"{row[column]:,}" for column in columns) + " |")
    total = sum(rows.values(), Counter())
    print("| all | | " + " | ".join(f"{total[column]:,}" for column in columns) + " |", flush=True)
    return total


def main():
    checks = Checks()
    messages = load(Path(sys.argv[1]))
    start = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        people = list(pool.map(register, range(PEOPLE)))
        pairs = list(zip(people[::2], people[1::2], strict=True))
        names = list(pool.map(lambda pair: pair[0].client.direct_message(pair[1].client), pairs))
        print(f"{PEOPLE} people registered, {len(pairs)} conversations opened in {time.monotonic() - start:.0f} s", flush=True)

        chance = random.Random(3)
        turns = [[] for _ in pairs]
        for number, message in enumerate(messages):
            turns[number % len(pairs)].append((chance.randrange(2), message))
        rooms = list(zip(pairs, names, turns, strict=True))
        start = time.monotonic()
        for done in [pool.submit(drive_pair, *room) for room in rooms]:
            done.result()
        print(f"{len(messages):,} messages sent and read in {time.monotonic() - start:.0f} s by {threading.active_count()} threads", flush=True)

    staff = Client().staff_login(os.environ["FRANKLY_STAFF"], os.environ["FRANKLY_STAFF_PASSWORD"])
    action_of, cases = read_cases(staff)
    delivered = judge(checks, rooms, action_of)
    total = table(messages, delivered, action_of)

    odd = Counter(m.refusal for m in messages if m.refusal and m.refusal[0] != 403)
    checks.equal("real-input: every refusal is a 403", dict(odd), {})
    checks.equal("real-input: every message is accounted for", total["delivered"] + total["withheld"] + total["blocked"], len(messages))
    checks.equal("real-input: every withheld message has its case", cases["hold"], total["withheld"])
    checks.that("real-input: the pack flags something", total["annotated"] + total["withheld"] + total["blocked"] > 0)
    checks.end()


if __name__ == "__main__":
    main()
