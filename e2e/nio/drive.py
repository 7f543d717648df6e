#!/usr/bin/env python3
"""matrix-nio, a client library that is not ours, has a readable conversation on a Frankly server."""

import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import nio

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from checks import Checks  # noqa: E402

URL = os.environ["FRANKLY_URL"]
PHRASES = json.loads((HERE.parent / "support" / "phrases.json").read_text())
PASSWORD = "correct horse battery"
WAIT_MS = 5_000
ATTEMPTS = 10


class Person:
    """A nio client and everything its syncs brought, in order."""

    def __init__(self, name):
        config = nio.AsyncClientConfig(encryption_enabled=False, max_limit_exceeded=3, max_timeouts=3)
        self.client = nio.AsyncClient(URL, name, config=config)
        self.name = name
        self.events = []
        self.ephemeral = []
        self.invites = set()
        self.joined, self.left = set(), set()

    async def sync(self, wait_ms=0):
        answer = await self.client.sync(timeout=wait_ms)
        if not isinstance(answer, nio.SyncResponse):
            raise RuntimeError(f"sync of {self.name}: {answer}")
        self.invites |= set(answer.rooms.invite)
        self.joined |= set(answer.rooms.join)
        self.left |= set(answer.rooms.leave)
        for room, info in answer.rooms.join.items():
            self.events += [(room, event) for event in info.timeline.events]
            self.ephemeral += [(room, event) for event in info.ephemeral]

    async def until(self, holds):
        """Syncs until `holds()`, with a bound; says whether it came true."""
        for _ in range(ATTEMPTS):
            if holds():
                return True
            await self.sync(WAIT_MS)
        return holds()

    def event(self, event_id):
        return next((event for _, event in self.events if event.event_id == event_id), None)

    async def raw(self, method, path, body):
        """A call for which nio has no method of its own; status and JSON."""
        headers = {"Authorization": f"Bearer {self.client.access_token}", "Content-Type": "application/json"}
        answer = await self.client.send(method, path, json.dumps(body), headers)
        return answer.status, await answer.json()


def text(body):
    return {"msgtype": "m.text", "body": body}


class Conversation:
    def __init__(self, checks):
        self.checks = checks
        self.ana, self.ben = Person("ana"), Person("ben")
        self.room = None
        self.hello = None

    def fine(self, name, answer, kind):
        return self.checks.that(f"nio: {name}", isinstance(answer, kind), answer)

    async def send(self, person, content, kind="m.room.message"):
        return await person.client.room_send(self.room, kind, content)

    async def accounts(self):
        for person in (self.ana, self.ben):
            self.fine(f"{person.name} registers", await person.client.register(person.name, PASSWORD), nio.RegisterResponse)
            await person.client.logout()
            person.client.access_token = ""
            person.client.user = person.name
            self.fine(f"{person.name} logs in", await person.client.login(PASSWORD), nio.LoginResponse)
        who = await self.ana.client.whoami()
        self.checks.that("nio: whoami", isinstance(who, nio.WhoamiResponse) and who.user_id.startswith("@ana:"), who)

    async def opening(self):
        answer = await self.ana.client.room_create(
            is_direct=True, preset=nio.RoomPreset.trusted_private_chat, invite=[self.ben.client.user_id]
        )
        if not self.fine("ana opens a direct message", answer, nio.RoomCreateResponse):
            raise RuntimeError("no conversation")
        self.room = answer.room_id
        self.checks.that("nio: ben sees the invitation", await self.ben.until(lambda: self.room in self.ben.invites))
        self.fine("ben joins", await self.ben.client.join(self.room), nio.JoinResponse)
        self.checks.that("nio: ben's sync has the room", await self.ben.until(lambda: self.room in self.ben.joined))
        await self.ana.sync()
        members = self.ana.client.rooms[self.room].users
        self.checks.that("nio: both are members", {self.ana.client.user_id, self.ben.client.user_id} <= set(members), sorted(members))
        self.checks.that("nio: the room is not encrypted", not self.ana.client.rooms[self.room].encrypted)

    async def talking(self):
        answer = await self.send(self.ana, text("hello ben"))
        self.fine("ana sends", answer, nio.RoomSendResponse)
        self.hello = answer.event_id
        arrived = await self.ben.until(lambda: self.ben.event(self.hello) is not None)
        self.checks.that("nio: ben gets it", arrived and self.ben.event(self.hello).body == "hello ben")
        again = await self.ana.client.room_send(self.room, "m.room.message", text("once"), tx_id="fixed")
        twice = await self.ana.client.room_send(self.room, "m.room.message", text("once"), tx_id="fixed")
        self.checks.equal("nio: a repeated transaction is one event", again.event_id, twice.event_id)
        for number in range(5):
            await self.send(self.ben, text(f"line {number}"))
        lines = lambda: [e.body for _, e in self.ana.events if getattr(e, "body", "").startswith("line ")]  # noqa: E731
        await self.ana.until(lambda: len(lines()) >= 5)
        self.checks.equal("nio: five lines arrive once, in order", lines(), [f"line {number}" for number in range(5)])

    async def changing(self):
        edit = {**text("* hello Ben"), "m.new_content": text("hello Ben"), "m.relates_to": {"rel_type": "m.replace", "event_id": self.hello}}
        answer = await self.send(self.ana, edit)
        self.fine("ana edits", answer, nio.RoomSendResponse)
        await self.ben.until(lambda: self.ben.event(answer.event_id) is not None)
        seen = self.ben.event(answer.event_id)
        self.checks.that("nio: ben gets the edit", seen is not None and seen.source["content"]["m.new_content"]["body"] == "hello Ben")

        reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": self.hello, "key": "👍"}}
        answer = await self.send(self.ben, reaction, "m.reaction")
        self.fine("ben reacts", answer, nio.RoomSendResponse)
        await self.ana.until(lambda: self.ana.event(answer.event_id) is not None)
        self.checks.that("nio: ana gets the reaction", isinstance(self.ana.event(answer.event_id), nio.ReactionEvent))

        regret = await self.send(self.ana, text("never mind"))
        await self.ben.until(lambda: self.ben.event(regret.event_id) is not None)
        answer = await self.ana.client.room_redact(self.room, regret.event_id, reason="changed my mind")
        self.fine("ana redacts", answer, nio.RoomRedactResponse)
        await self.ben.until(lambda: self.ben.event(answer.event_id) is not None)
        self.checks.that("nio: ben gets the redaction", isinstance(self.ben.event(answer.event_id), nio.RedactionEvent))
        status, event = await self.ben.raw("GET", f"/_matrix/client/v3/rooms/{quote(self.room)}/event/{quote(regret.event_id)}", {})
        self.checks.that("nio: the redacted text is gone", status == 200 and event["content"] == {}, status)

    async def presence(self):
        self.fine("ana types", await self.ana.client.room_typing(self.room, True, 20_000), nio.RoomTypingResponse)
        typing = lambda: [e for _, e in self.ben.ephemeral if isinstance(e, nio.TypingNoticeEvent) and self.ana.client.user_id in e.users]  # noqa: E731
        self.checks.that("nio: ben sees ana typing", await self.ben.until(lambda: bool(typing())))
        answer = await self.ben.client.update_receipt_marker(self.room, self.hello)
        self.fine("ben sends a receipt", answer, nio.UpdateReceiptMarkerResponse)
        receipts = lambda: [r for _, e in self.ana.ephemeral if isinstance(e, nio.ReceiptEvent) for r in e.receipts]  # noqa: E731
        got = await self.ana.until(lambda: any(r.event_id == self.hello and r.user_id == self.ben.client.user_id for r in receipts()))
        self.checks.that("nio: ana sees the receipt", got)
        answer = await self.ben.client.room_read_markers(self.room, self.hello, self.hello)
        self.fine("ben sets the read marker", answer, nio.RoomReadMarkersResponse)

    async def safety(self):
        path = f"/_matrix/client/v3/rooms/{quote(self.room)}/report/{quote(self.hello)}"
        status, _ = await self.ben.raw("POST", path, {"reason": "a test report"})
        self.checks.equal("nio: ben reports an event", status, 200)

        answer = await self.send(self.ana, text(PHRASES["withheld"]))
        self.fine("a withheld message is accepted", answer, nio.RoomSendResponse)
        own = await self.ana.until(lambda: self.ana.event(answer.event_id) is not None)
        self.checks.that("nio: its sender sees it", own)
        after = await self.send(self.ana, text("after the withheld one"))
        await self.ben.until(lambda: self.ben.event(after.event_id) is not None)
        self.checks.that("nio: the next message arrives", self.ben.event(after.event_id) is not None)
        self.checks.that("nio: the withheld one does not", self.ben.event(answer.event_id) is None)
        status, _ = await self.ben.raw("GET", f"/_matrix/client/v3/rooms/{quote(self.room)}/event/{quote(answer.event_id)}", {})
        self.checks.equal("nio: nor can it be fetched by its ID", status, 404)

        answer = await self.send(self.ana, text(PHRASES["blocked"]))
        refused = isinstance(answer, nio.RoomSendError) and answer.transport_response.status == 403
        self.checks.that("nio: a blocked message is refused with 403 and a sentence", refused and bool(answer.message), answer)

    async def leaving(self):
        history = await self.ben.client.room_messages(self.room, limit=100)
        self.fine("ben reads the history", history, nio.RoomMessagesResponse)
        self.fine("ben leaves", await self.ben.client.room_leave(self.room), nio.RoomLeaveResponse)
        left = await self.ben.until(lambda: self.room in self.ben.left or self.room not in self.ben.client.rooms)
        self.checks.that("nio: ben's sync says so", left)
        self.fine("ben forgets the room", await self.ben.client.room_forget(self.room), nio.RoomForgetResponse)
        answer = await self.send(self.ben, text("still there?"))
        self.checks.that("nio: ben can no longer send", isinstance(answer, nio.RoomSendError), answer)


async def main():
    checks = Checks()
    conversation = Conversation(checks)
    topics = ("accounts", "opening", "talking", "changing", "presence", "safety", "leaving")
    for topic in topics:
        try:
            await asyncio.wait_for(getattr(conversation, topic)(), 120)
        except Exception as error:  # one broken topic must not hide the others
            checks.that(f"nio: {topic}", False, f"{type(error).__name__}: {error}")
    for person in (conversation.ana, conversation.ben):
        await person.client.close()
    checks.end()


asyncio.run(main())
