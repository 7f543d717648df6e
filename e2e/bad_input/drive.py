#!/usr/bin/env python3
"""Hostile requests: each gets a clear Matrix error, none a 5xx, and the server keeps serving others."""

import json
import os
import socket
import struct
import sys
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from checks import Checks  # noqa: E402
from client import URL, Client, path  # noqa: E402
from sealed import SealedHostile  # noqa: E402

SLOW_CONNECTIONS = 1_000
SLOW_BYTES_EACH = 64 * 1024  # resident memory one unfinished request may cost
TEXT = {"msgtype": "m.text", "body": "hello"}


def resident_bytes():
    status = Path(f"/proc/{os.environ['FRANKLY_PID']}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


class Hostile:
    """Two people in a conversation, a stranger, and the calls that go wrong."""

    def __init__(self, checks):
        self.checks = checks
        self.ana, self.ben = Client().register("ana"), Client().register("ben")
        self.eve = Client().register("eve")
        self.nobody = Client()
        self.room = self.ana.direct_message(self.ben)
        self.count = 0
        self.resident_bytes = resident_bytes

    def refused(self, name, who, method, target, statuses, errcodes, **sent):
        """The call is answered with one of `statuses`, one of `errcodes`, and a sentence."""
        status, answer = who.call(method, target, **sent)
        answer = answer if isinstance(answer, dict) else {}
        fine = status in statuses and answer.get("errcode") in errcodes and bool(answer.get("error"))
        self.checks.that(f"bad-input: {name}", fine, f"{status} {answer.get('errcode')} {str(answer.get('error'))[:120]!r}")

    def sending(self):
        self.count += 1
        return path("rooms", self.room, "send", "m.room.message", f"bad{self.count}")

    def body(self, name, raw, errcodes, statuses=(400,)):
        self.refused(name, self.ana, "PUT", self.sending(), statuses, errcodes, raw=raw)

    def bodies(self):
        bad, not_json = ("M_BAD_JSON",), ("M_NOT_JSON",)
        self.body("an empty body", b"", ("M_NOT_JSON", "M_BAD_JSON"))
        self.body("half an object", b'{"body":', not_json)
        self.body("two values", b"{} {}", not_json)
        self.body("bytes that are not UTF-8", b'{"body":"\xff\xfe"}', ("M_NOT_JSON", "M_BAD_JSON"))
        self.body("a NUL byte", b'{"body":\x00}', not_json)
        self.body("a list", b"[1]", ("M_BAD_JSON", "M_NOT_JSON"))
        self.body("a string", b'"x"', ("M_BAD_JSON", "M_NOT_JSON"))
        self.body("a key twice", b'{"msgtype":"m.text","body":"a","body":"b"}', bad)
        self.body("a key twice, deeper", b'{"msgtype":"m.text","body":"a","x":{"y":1,"y":2}}', bad)
        self.body("a float", b'{"msgtype":"m.text","body":"a","x":1.5}', bad)
        self.body("an exponent", b'{"msgtype":"m.text","body":"a","x":1e300}', bad)
        self.body("2^53", b'{"msgtype":"m.text","body":"a","x":9007199254740992}', bad)
        self.body("an integer of 400 digits", b'{"msgtype":"m.text","body":"a","x":' + b"9" * 400 + b"}", ("M_BAD_JSON", "M_NOT_JSON"))
        self.body("NaN", b'{"x":NaN}', not_json)
        self.body("100 levels of objects", b'{"a":' * 100 + b"1" + b"}" * 100, bad)
        self.body("400,000 levels of lists", b'{"a":' + b"[" * 400_000, ("M_BAD_JSON", "M_NOT_JSON"), (400, 413))
        self.body("an event of 64 KiB and 1", json.dumps({**TEXT, "body": "x" * 65_537}).encode(), ("M_TOO_LARGE",), (413,))
        self.body("a request of 2 MiB", json.dumps({**TEXT, "body": "x" * 2_097_152}).encode(), ("M_TOO_LARGE",), (413,))

    def types(self):
        bad = ("M_BAD_JSON", "M_INVALID_PARAM", "M_MISSING_PARAM", "M_NOT_JSON")
        ana, create = self.ana, path("createRoom")
        self.refused("createRoom: invite is a number", ana, "POST", create, (400,), bad, body={"invite": 5})
        self.refused("createRoom: invite is no user ID", ana, "POST", create, (400,), bad, body={"invite": ["nobody"]})
        self.refused("createRoom: unknown preset", ana, "POST", create, (400,), bad, body={"preset": 7})
        self.refused(
            "createRoom: unknown room version", ana, "POST", create, (400,), ("M_UNSUPPORTED_ROOM_VERSION", *bad), body={"room_version": "999"}
        )
        self.refused("login: no type", self.nobody, "POST", path("login"), (400,), bad, body={"user": "ana"})
        self.refused("login: wrong password", self.nobody, "POST", path("login"), (403,), ("M_FORBIDDEN",), body=self.login("ana", "x"))
        self.refused("login: nobody of that name", self.nobody, "POST", path("login"), (403,), ("M_FORBIDDEN",), body=self.login("zoe", "x"))
        self.refused("register: a name taken", self.nobody, "POST", path("register"), (400,), ("M_USER_IN_USE",), body=self.account("ana"))
        self.refused("register: a name with spaces", self.nobody, "POST", path("register"), (400,), ("M_INVALID_USERNAME",), body=self.account("a b"))
        self.refused("a room ID that is none", ana, "GET", path("rooms", "nonsense", "state"), (400, 403, 404), ("M_NOT_FOUND", "M_FORBIDDEN", *bad))
        self.refused("typing: timeout is text", ana, "PUT", path("rooms", self.room, "typing", ana.user_id), (400,), bad, body={"typing": True, "timeout": "soon"})
        self.refused("an unknown path", ana, "GET", "/_matrix/client/v3/nothing", (404,), ("M_UNRECOGNIZED",))
        self.refused("a path outside everything", ana, "GET", "/_matrix/nothing/%2e%2e/x", (404,), ("M_UNRECOGNIZED",))
        self.refused("a wrong method", ana, "DELETE", "/_matrix/client/versions", (405,), ("M_UNRECOGNIZED",))

    @staticmethod
    def login(user, password):
        return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}

    @staticmethod
    def account(name):
        return {"username": name, "password": "x" * 12, "auth": {"type": "m.login.dummy"}}

    def persons(self):
        eve, room, forbidden = self.eve, self.room, ("M_FORBIDDEN",)
        for name, method, target, sent in [
            ("sends", "PUT", path("rooms", room, "send", "m.room.message", "e1"), {"body": TEXT}),
            ("reads the history", "GET", path("rooms", room, "messages") + "?dir=b", {}),
            ("reads the state", "GET", path("rooms", room, "state"), {}),
            ("joins uninvited", "POST", path("join", room), {"body": {}}),
            ("invites herself", "POST", path("rooms", room, "invite"), {"body": {"user_id": eve.user_id}}),
            ("types as ana", "PUT", path("rooms", room, "typing", self.ana.user_id), {"body": {"typing": True, "timeout": 1000}}),
            ("changes ana's account data", "PUT", path("user", self.ana.user_id, "account_data", "m.direct"), {"body": {}}),
            ("changes ana's name", "PUT", path("profile", self.ana.user_id, "displayname"), {"body": {"displayname": "x"}}),
        ]:
            self.refused(f"a stranger {name}", eve, method, target, (403, 404), (*forbidden, "M_NOT_FOUND"), **sent)
        self.refused("no token", self.nobody, "GET", path("sync"), (401,), ("M_MISSING_TOKEN",))
        stale = Client()
        stale.token = "not-a-token"
        self.refused("a token of nobody", stale, "GET", path("sync"), (401,), ("M_UNKNOWN_TOKEN",))
        gone = Client().register("gone")
        gone.must("POST", path("logout"), {})
        self.refused("a token after logout", gone, "GET", path("sync"), (401,), ("M_UNKNOWN_TOKEN",))
        self.refused("the create event again", self.ana, "PUT", path("rooms", room, "state", "m.room.create", ""), (400, 403), ("M_FORBIDDEN", "M_BAD_JSON"), body={})
        self.refused("encryption in a readable room", self.ana, "PUT", path("rooms", room, "state", "m.room.encryption", ""), (403,), forbidden, body={"algorithm": "m.megolm.v1.aes-sha2"})

    def tokens(self):
        """Sync tokens: garbage is refused; one of somebody else gives nothing of theirs; an old one is served."""
        first = self.ana.must("GET", path("sync"))["next_batch"]
        for name, token in [("words", "nonsense"), ("negative", "-5"), ("huge", "9" * 400), ("far ahead", "9" * 15), ("NUL", "%00"), ("SQL", "1'--")]:
            status, answer = self.ana.call("GET", f"{path('sync')}?timeout=0&since={token}")
            fine = isinstance(answer, dict) and (status == 400 and answer.get("errcode") or status == 200 and "next_batch" in answer)
            self.checks.that(f"bad-input: sync token: {name}", fine, f"{status} {answer and answer.get('errcode')}")
        status, answer = self.eve.call("GET", f"{path('sync')}?timeout=0&since={first}")
        rooms = (answer or {}).get("rooms", {}).get("join", {})
        self.checks.that("bad-input: sync token of somebody else", status in (200, 400) and self.room not in rooms, f"{status}")
        for number in range(3):
            self.ana.must("PUT", path("rooms", self.room, "send", "m.room.message", f"old{number}"), {**TEXT, "body": f"old {number}"})
        for attempt in (1, 2):
            answer = self.ana.must("GET", f"{path('sync')}?timeout=0&since={first}")
            events = answer["rooms"]["join"][self.room]["timeline"]["events"]
            bodies = [event["content"].get("body") for event in events]
            self.checks.equal(f"bad-input: an old token, time {attempt}", bodies[-3:], ["old 0", "old 1", "old 2"])
        bad = ("M_BAD_JSON", "M_NOT_JSON", "M_INVALID_PARAM", "M_UNKNOWN", "M_NOT_FOUND")
        for name, given in [("half JSON", "%7B%22room%22%3A"), ("a wrong type", "%7B%22room%22%3A5%7D"), ("an unknown ID", "12345")]:
            self.refused(f"a filter: {name}", self.ana, "GET", f"{path('sync')}?timeout=0&filter={given}", (400, 404), bad)

    def sliding(self):
        """Sliding sync: lists, ranges and positions that mean nothing are refused; those of others give nothing."""
        deployed = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"
        accepted = "/_matrix/client/v4/sync"
        bad, unknown = ("M_BAD_JSON", "M_INVALID_PARAM"), ("M_UNKNOWN_POS",)

        def asked(ranges, **more):
            return {"lists": {"all": {"ranges": ranges, "timeline_limit": 5, "required_state": [["*", "*"]], **more}}}

        for name, ranges in [("reversed", [[9, 2]]), ("negative", [[-5, 5]]), ("no numbers", [["a", "b"]]), ("thousands", [[0, 1]] * 5_000)]:
            self.refused(f"sliding, ranges: {name}", self.ana, "POST", deployed, (400,), bad, body=asked(ranges))
        rooms = {f"!{number}:example.org": {"timeline_limit": 1} for number in range(5_000)}
        self.refused("sliding, 5,000 subscriptions", self.ana, "POST", deployed, (400,), bad, body={"room_subscriptions": rooms})
        lists = {str(number): {"timeline_limit": 1, "required_state": {}} for number in range(5_000)}
        self.refused("sliding, 5,000 lists", self.ana, "POST", accepted, (400,), bad, body={"lists": lists})
        pos = self.ana.must("POST", deployed, asked([[0, 9]]))["pos"]
        for name, given in [("words", "nonsense"), ("NUL", "%00"), ("a sync token", pos.split("~")[1]), ("huge", "9" * 9_999)]:
            self.refused(f"sliding, position: {name}", self.ana, "POST", f"{deployed}?pos={given}", (400,), unknown, body=asked([[0, 9]]))
        self.refused("sliding, position of somebody else", self.eve, "POST", f"{deployed}?pos={pos}", (400,), unknown, body=asked([[0, 9]]))
        told = self.eve.must("POST", deployed, {"room_subscriptions": {self.room: {"timeline_limit": 50, "required_state": [["*", "*"]]}}})
        self.checks.equal("bad-input: sliding, a room of others", told["rooms"], {})
        told = self.ana.must("POST", f"{deployed}?pos={pos}", asked([[0, 2**53]], timeline_limit=2**53))
        self.checks.that("bad-input: sliding, huge numbers are bounded", len(told["rooms"][self.room]["timeline"]) <= 100)

    def replay(self):
        """One transaction ID is one event, however often and by however many at once it is sent."""
        target = path("rooms", self.room, "send", "m.room.message", "once")
        first = self.ana.must("PUT", target, TEXT)["event_id"]
        again = {self.ana.must("PUT", target, {**TEXT, "body": "changed"})["event_id"] for _ in range(5)}
        self.checks.equal("bad-input: a replayed transaction", again, {first})

    def media(self):
        """Files that are too large, end early, never end or lie; pictures that are bombs; names that lead elsewhere."""
        ana, upload = self.ana, "/_matrix/media/v3/upload"
        down = "/_matrix/client/v1/media"
        most = ana.must("GET", f"{down}/config")["m.upload.size"]
        place = self.upload(b"just text", "text/plain")
        self.refused("media: no token", self.nobody, "GET", f"{down}/download/{place}", (401,), ("M_MISSING_TOKEN",))
        self.refused("media: upload without a token", self.nobody, "POST", upload, (401,), ("M_MISSING_TOKEN",), raw=b"x")
        for name, wrong in [("up", "..%2F..%2Ffrankly.db"), ("NUL", "%00"), ("nobody's", "a" * 32), ("5,000 letters", "a" * 5000), ("SQL", "1'--")]:
            for what in ("download", "thumbnail"):
                target = f"{down}/{what}/{place.split('/')[0]}/{wrong}?width=32&height=32"
                self.refused(f"media: {what}, an ID that is none: {name}", ana, "GET", target, (404,), ("M_NOT_FOUND",))
        self.refused("media: another server's", ana, "GET", f"{down}/download/other.example/{'a' * 32}", (404,), ("M_NOT_FOUND",))
        self.refused("media: the path of old", self.nobody, "GET", f"/_matrix/media/v3/download/{place}", (404,), ("M_NOT_FOUND",))
        self.refused("media: a preview of a link", ana, "GET", f"{down}/preview_url?url=http://127.0.0.1/", (404,), ("M_UNRECOGNIZED",))
        bomb = self.upload(self.png(50_000, 50_000), "image/png")
        before = resident_bytes()
        self.refused("media: a bomb of pixels", ana, "GET", f"{down}/thumbnail/{bomb}?width=32&height=32", (413,), ("M_TOO_LARGE",))
        zeros = self.upload(self.png(5_000, 5_000, rows=5_000), "image/png")
        status, _ = ana.call("GET", f"{down}/thumbnail/{zeros}?width=32&height=32&method=crop")
        grown = resident_bytes() - before
        self.checks.that("bad-input: media: 25 megapixels of nothing in a small file", status in (200, 413), f"{status}")
        self.checks.that("bad-input: media: memory of a picture is bounded", grown < 400 * 1024 * 1024, f"{grown} bytes")
        for name, kind, data in [
            ("SVG", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
            ("HTML that says it is a picture", "image/png", b"<script>alert(1)</script>"),
            ("a ZIP behind a GIF's name", "image/gif", b"PK\x03\x04" + b"\0" * 64),
            ("a picture and a script in one", "image/jpeg", b"GIF89a/*" + b"\0" * 64 + b"*/=alert(1)"),
        ]:
            liar = self.upload(data, kind)
            ana.call("GET", f"{down}/download/{liar}")
            told = [ana.headers[name] or "" for name in ("Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy")]
            fine = told[0].startswith("attachment") and told[1] == "nosniff" and told[2].startswith("sandbox")
            self.checks.that(f"bad-input: media: {name} is saved, never shown", fine, repr(told))
            self.refused(f"media: {name} made small", ana, "GET", f"{down}/thumbnail/{liar}?width=32&height=32", (400,), ("M_UNKNOWN",))
        ana.call("GET", f"{down}/download/{place}/a%0d%0aSet-Cookie:%20x=y")
        self.checks.that("bad-input: media: a name cannot write headers", ana.headers["Set-Cookie"] is None, repr(ana.headers["Set-Cookie"]))
        head = f"POST {upload} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ana.token}\r\nContent-Type: text/plain\r\n"
        self.raw("media: a file beyond the bound", head + f"Content-Length: {most + 1}\r\n\r\n", b"413")
        self.raw("media: a file that ends early", head + "Content-Length: 1000\r\n\r\nhalf", b"", half=True)
        self.endless(head, most)

    def upload(self, data, kind):
        """Uploads and gives `server/id`."""
        status, answer = self.ana.call("POST", "/_matrix/media/v3/upload", raw=data, headers={"Content-Type": kind})
        if status != 200:
            raise RuntimeError(f"upload answered {status}")
        return answer["content_uri"].removeprefix("mxc://")

    @staticmethod
    def png(width, height, rows=1):
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        line = b"\0" * (1 + 3 * width)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(line * rows, 9)) + chunk(b"IEND", b"")

    def raw(self, name, data, wanted, half=False):
        """Bytes on a connection of their own: the answer's status, or the end of the connection where it is cut here."""
        address = urlsplit(URL)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            try:
                connection.sendall(data.encode())
                if half:
                    connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(64)
            except OSError:
                answer = b""
        status = answer.split()[1] if answer else b""
        fine = status == wanted or (half and not status.startswith(b"5"))
        self.checks.that(f"bad-input: {name}", fine, repr(answer[:20]))

    def endless(self, head, most):
        """A file without a length that goes on and on: ended at the bound, with bounded memory."""
        address, before, sent = urlsplit(URL), resident_bytes(), 0
        chunk = b"10000\r\n" + b"\0" * 65_536 + b"\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            answer = b""
            try:
                connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
                while sent < 2 * most:
                    connection.sendall(chunk)
                    sent += 65_536
            except OSError:
                pass
            try:
                answer = connection.recv(64)
            except OSError:
                pass
        grown = resident_bytes() - before
        self.checks.that("bad-input: media: a file that never ends is ended", sent < 2 * most and not answer[9:10] == b"5", f"{sent} bytes taken, {answer[:20]!r}")
        self.checks.that("bad-input: media: memory of an endless file is bounded", grown < 32 * 1024 * 1024, f"{grown} bytes")

    def slow(self):
        """A thousand connections that never finish a request: memory stays bounded, others are served."""
        before = resident_bytes()
        address = urlsplit(URL)
        head = b"PUT /_matrix/client/v3/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n"
        open_ones = []
        for number in range(SLOW_CONNECTIONS):
            connection = socket.create_connection((address.hostname, address.port), timeout=10)
            connection.sendall(head if number % 2 else head + b"\r\n{" + b" " * 512)
            open_ones.append(connection)
        start = time.monotonic()
        self.ana.must("PUT", self.sending(), TEXT)
        fresh = Client(timeout=10)
        fresh.must("GET", "/_matrix/client/versions")
        print(f"two calls took {(time.monotonic() - start) * 1000:.0f} ms beside {SLOW_CONNECTIONS} unfinished requests")
        self.checks.that("bad-input: others are served beside unfinished requests", True)
        grown = resident_bytes() - before
        print(f"memory grew by {grown / 1024 / SLOW_CONNECTIONS:.1f} KiB per unfinished request")
        self.checks.that("bad-input: memory of unfinished requests is bounded", grown < SLOW_CONNECTIONS * SLOW_BYTES_EACH, f"{grown} bytes")
        # Slow senders free their memory: the server closes within its limit (20 s to read a request).
        for connection in open_ones[:2]:
            connection.settimeout(45)
            try:
                ended = connection.recv(4096)
                self.checks.that("bad-input: an unfinished request is ended", b" 5" not in ended[:12], repr(ended[:40]))
            except TimeoutError:
                self.checks.that("bad-input: an unfinished request is ended", False, "still open after 45 s")
            except OSError:
                self.checks.that("bad-input: an unfinished request is ended", True)
        for connection in open_ones:
            connection.close()

    def protocol(self):
        """Bytes that are hardly HTTP are answered with a 4xx or a closed connection."""
        address = urlsplit(URL)
        for name, data in [
            ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00" * 40 + b"\r\n\r\n"),
            ("a head of 1 MiB", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_048_576 + b"\r\n\r\n"),
            ("two lengths", b"PUT /_matrix/client/v3/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
            ("a negative length", b"PUT /_matrix/client/v3/x HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"),
        ]:
            with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
                try:
                    connection.sendall(data)
                    answer = connection.recv(64)
                except OSError:
                    answer = b""
            self.checks.that(f"bad-input: {name}", answer == b"" or answer.split()[1].startswith(b"4"), repr(answer[:20]))


def main():
    checks = Checks()
    hostile = Hostile(checks)
    readable = (hostile.bodies, hostile.types, hostile.persons, hostile.tokens, hostile.sliding, hostile.replay, hostile.media)
    for topic in (*readable, *SealedHostile(hostile).topics(), hostile.protocol, hostile.slow):
        try:
            topic()
        except Exception as error:  # one broken topic must not hide the others
            checks.that(f"bad-input: {topic.__name__}", False, f"{type(error).__name__}: {error}")
    events = hostile.ben.must("GET", path("sync"))["rooms"]["join"][hostile.room]["timeline"]["events"]
    checks.that("bad-input: the conversation is intact", any(e["content"].get("body") == "hello" for e in events))
    checks.end()


if __name__ == "__main__":
    main()
