"""Hostile requests where conversations are sealed: forged keys, replays, floods, ciphertext of others, bombs."""

import io
import re
import struct
import sys
import threading
import urllib.request
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from client import URL, Client, path  # noqa: E402
from ed25519 import Key, base64_of  # noqa: E402

FLOOD = 10_000
FLOODERS = 8
WAITING_MAX = 1_000  # messages of one sender that wait for a device
MEBIBYTE = 1024 * 1024
MEGOLM = "m.megolm.v1.aes-sha2"
ENCRYPTION = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": MEGOLM}}]


def counter(name, label):
    """What a counter of the server stands at."""
    with urllib.request.urlopen(f"{URL}/metrics") as answer:
        found = re.search(rf'^{name}\{{[^}}]*"{label}"[^}}]*\}} (\d+)', answer.read().decode(), re.MULTILINE)
    return int(found.group(1)) if found else 0


class Session:
    """A Megolm session as far as a server can tell: its messages have the form and are signed; nobody could read them."""

    def __init__(self, seed, device):
        self.key, self.device = Key(seed), device

    def message(self, index, blocks=1):
        fields = b"\x03\x08" + bytes([index]) + b"\x12" + bytes([16 * blocks]) + bytes(range(16)) * blocks
        signed = fields + b"\0" * 8
        return {
            "algorithm": MEGOLM,
            "ciphertext": base64_of(signed + self.key.sign(signed)),
            "session_id": base64_of(self.key.public),
            "sender_key": "k",
            "device_id": self.device,
        }


class SealedHostile:
    """What is tried on two people who have a sealed conversation, by one of them and by a stranger."""

    def __init__(self, hostile):
        self.refused, self.that, self.equal = hostile.refused, hostile.checks.that, hostile.checks.equal
        self.resident_bytes, self.upload, self.png = hostile.resident_bytes, hostile.upload, hostile.png
        self.ana, self.ben, self.eve = hostile.ana, hostile.ben, hostile.eve
        self.device = self.ana.must("GET", path("account", "whoami"))["device_id"]
        body = {"is_direct": True, "preset": "trusted_private_chat", "invite": [self.ben.user_id], "initial_state": ENCRYPTION}
        self.room = self.ana.must("POST", path("createRoom"), body)["room_id"]
        self.ben.must("POST", path("join", self.room), {})
        self.count = 0

    def topics(self):
        return (self.device_keys, self.one_time_keys, self.backups, self.ciphertexts, self.flood, self.bombs, self.paths)

    def identity(self, key, user, device):
        keys = {f"ed25519:{device}": base64_of(key.public), f"curve25519:{device}": "curve"}
        return {"user_id": user, "device_id": device, "algorithms": [MEGOLM], "keys": keys}

    def device_keys(self):
        """Keys of a device that somebody else made, changed or claims; then the first ones, which stay."""
        upload, ana, device = path("keys", "upload"), self.ana, self.device
        phone, thief = Key(b"phone"), Key(b"thief")
        honest = self.identity(phone, ana.user_id, device)
        signature, form = ("M_INVALID_SIGNATURE",), ("M_INVALID_PARAM",)
        for name, keys, errcodes in [
            ("not signed", honest, signature),
            ("signed by another key", thief.sign_json(ana.user_id, device, honest), signature),
            ("changed after signing", {**phone.sign_json(ana.user_id, device, honest), "algorithms": []}, signature),
            ("another person's", thief.sign_json(self.ben.user_id, device, self.identity(thief, self.ben.user_id, device)), form),
            ("another device's", thief.sign_json(ana.user_id, "OTHER", self.identity(thief, ana.user_id, "OTHER")), form),
        ]:
            self.refused(f"device keys: {name}", ana, "POST", upload, (400,), errcodes, body={"device_keys": keys})
        self.equal("bad-input: of forged device keys none is told", self.told_keys(), {})
        ana.must("POST", upload, {"device_keys": phone.sign_json(ana.user_id, device, honest)})
        stolen = thief.sign_json(ana.user_id, device, self.identity(thief, ana.user_id, device))
        self.refused("device keys: others for a device that has some", ana, "POST", upload, (400,), form, body={"device_keys": stolen})
        self.equal("bad-input: a device keeps its first keys", self.told_keys()[device]["keys"], honest["keys"])
        bad = (*signature, *form, "M_BAD_JSON", "M_MISSING_PARAM")
        cross = {"user_id": ana.user_id, "usage": ["master"], "keys": {f"ed25519:{base64_of(thief.public)}": base64_of(thief.public)}}
        forged = phone.sign_json(ana.user_id, device, cross)
        forged["signatures"][ana.user_id][f"ed25519:{device}"] = base64_of(thief.sign(b"something else"))
        self.refused("cross-signing: forged in a device's name", ana, "POST", path("keys", "device_signing", "upload"), (400,), bad, body={"master_key": forged})
        answer = self.eve.must("POST", path("keys", "signatures", "upload"), {ana.user_id: {device: thief.sign_json(self.eve.user_id, "x", honest)}})
        self.that("bad-input: a stranger's signature on a device is not taken", device in answer["failures"].get(ana.user_id, {}), answer)

    def told_keys(self):
        return self.ben.must("POST", path("keys", "query"), {"device_keys": {self.ana.user_id: []}})["device_keys"].get(self.ana.user_id, {})

    def one_time_keys(self):
        """One-time keys that come again after they were given out, or under a name that is taken."""
        upload, claim = path("keys", "upload"), {"one_time_keys": {self.ana.user_id: {self.device: "signed_curve25519"}}}

        def keys(*names, text="1"):
            return {"one_time_keys": {f"signed_curve25519:{name}": {"key": text, "signatures": {}} for name in names}}

        self.ana.must("POST", upload, keys("A", "B"))
        self.refused("one-time keys: another under a name that is taken", self.ana, "POST", upload, (400,), ("M_INVALID_PARAM",), body=keys("B", text="2"))
        given = []
        for _ in range(4):
            answer = self.ben.must("POST", path("keys", "claim"), claim)["one_time_keys"]
            given += answer.get(self.ana.user_id, {}).get(self.device, {})
            self.ana.must("POST", upload, keys("A", "B"))
        self.equal("bad-input: one-time keys that are sent again are given out once", given, ["signed_curve25519:A", "signed_curve25519:B"])
        many = keys(*(f"{number:05}" for number in range(FLOOD)))
        self.refused("one-time keys: 10,000", self.ana, "POST", upload, (413,), ("M_TOO_LARGE",), body=many)

    def backups(self):
        """Keys for a version of the backup that is not the current one; a backup of somebody else."""
        about = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "x", "signatures": {}}}
        old, new = (self.ana.must("POST", path("room_keys", "version"), about)["version"] for _ in range(2))
        key = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": {}}
        target = path("room_keys", "keys", self.room, "session")
        for wrong in (old, "99", "0", "-1", "x", "9" * 400, "1%00"):
            status, answer = self.ana.call("PUT", f"{target}?version={wrong}", key)
            fine = status == 403 and answer["errcode"] == "M_WRONG_ROOM_KEYS_VERSION" and answer["current_version"] == new
            self.that(f"bad-input: keys for backup version {wrong[:9]} are refused, which names the current one", fine, f"{status} {answer}")
        self.refused("backup: keys for somebody else's version", self.eve, "PUT", f"{target}?version={new}", (403, 404), ("M_NOT_FOUND", "M_WRONG_ROOM_KEYS_VERSION"), body=key)
        self.refused("backup: somebody else's keys", self.eve, "GET", f"{path('room_keys', 'keys')}?version={new}", (404,), ("M_NOT_FOUND",))
        self.refused("backup: an index that is negative", self.ana, "PUT", f"{target}?version={new}", (400,), ("M_BAD_JSON",), body={**key, "first_message_index": -1})
        self.equal("bad-input: the backup is as it was", self.ana.must("GET", path("room_keys", "version"))["count"], 0)

    def sends(self, who, content, room=None):
        self.count += 1
        return who.call("PUT", path("rooms", room or self.room, "send", "m.room.encrypted", f"s{self.count}"), content)

    def ciphertexts(self):
        """Ciphertext that its session did not make is refused; another member's is delivered as sent, noted and counted."""
        hers, his = Session(b"hers", self.device), Session(b"his", "BEN")
        honest, other = hers.message(0), his.message(0)
        target = path("rooms", self.room, "send", "m.room.encrypted", "c")
        for name, content, errcode in [
            ("under another session's name", {**honest, "session_id": other["session_id"]}, "M_INVALID_SIGNATURE"),
            ("with a letter changed", {**honest, "ciphertext": honest["ciphertext"][:8] + "B" + honest["ciphertext"][9:]}, "M_INVALID_SIGNATURE"),
            ("cut short", {**honest, "ciphertext": honest["ciphertext"][:-8]}, "M_BAD_JSON"),
            ("that is no Base64", {**honest, "ciphertext": "\0\0"}, "M_BAD_JSON"),
            ("with a session that is no key", {**honest, "session_id": "A" * 9_000}, "M_BAD_JSON"),
            ("of another algorithm", {**honest, "algorithm": "m.olm.v1.curve25519-aes-sha2"}, "M_BAD_JSON"),
        ]:
            self.refused(f"ciphertext {name}", self.ana, "PUT", target, (400,), (errcode,), body=content)
        plain = {**honest, "body": "beside it"}
        self.refused("plain text beside a ciphertext", self.ana, "PUT", target, (403,), ("M_FORBIDDEN",), body=plain)
        self.refused("ciphertext of somebody who is not a member", self.eve, "PUT", target, (403,), ("M_FORBIDDEN",), body=honest)
        before = [counter("frankly_sealed_oddities_total", kind) for kind in ("session_elsewhere", "index_repeated")]
        self.that("bad-input: an honest ciphertext is taken", self.sends(self.ana, honest)[0] == 200)
        status, answer = self.sends(self.ben, honest)
        stored = self.ana.must("GET", path("rooms", self.room, "event", (answer or {}).get("event_id", "")))
        self.that("bad-input: another member's ciphertext carries its sender's name", status == 200 and stored["sender"] == self.ben.user_id, status)
        after = [counter("frankly_sealed_oddities_total", kind) for kind in ("session_elsewhere", "index_repeated")]
        self.that("bad-input: and is counted, as is its index", after[0] == before[0] + 1 and after[1] == before[1] + 1, f"{before} {after}")

    def flood(self):
        """10,000 messages to a device: in one request refused whole; in as many requests by a few at once, bounded."""
        target = path("sendToDevice", "m.flood", "all")
        at_once = {"messages": {self.ben.user_id: {f"D{number}": {} for number in range(FLOOD)}}}
        self.refused("10,000 messages to devices in one request", self.eve, "PUT", target, (413,), ("M_TOO_LARGE",), body=at_once)
        huge = {"messages": {self.ben.user_id: {"*": {"x": "x" * 70_000}}}}
        self.refused("a message to a device of 70 kB", self.eve, "PUT", target, (413,), ("M_TOO_LARGE",), body=huge)
        device = self.ben.must("GET", path("account", "whoami"))["device_id"]
        since = self.ben.must("GET", f"{path('sync')}?timeout=0")["next_batch"]

        def key(number):
            body = {"messages": {self.ben.user_id: {device: {"n": number}}}}
            self.ana.must("PUT", path("sendToDevice", "m.room.encrypted", f"k{number}"), body)

        before, seen = self.resident_bytes(), []
        key(1)
        threads = [threading.Thread(target=self.floods, args=(number, device, seen)) for number in range(FLOODERS)]
        for thread in threads:
            thread.start()
        key(2)
        for thread in threads:
            thread.join()
        key(3)
        self.that("bad-input: 10,000 messages to a device: each is taken or told to wait", len(seen) == FLOOD and set(seen) <= {200, 429}, set(seen))
        waiting, keys = self.drained(since)
        print(f"of {FLOOD} messages to a device {seen.count(200)} were taken and {waiting} waited")
        self.that("bad-input: what waits of one sender is bounded", waiting <= WAITING_MAX, waiting)
        self.equal("bad-input: keys sent beside a flood arrive, in order", keys, [1, 2, 3])
        grown = self.resident_bytes() - before
        self.that("bad-input: memory of a flood is bounded", grown < 128 * MEBIBYTE, f"{grown} bytes")

    def floods(self, number, device, seen):
        eve = Client()
        eve.token = self.eve.token
        body = {"messages": {self.ben.user_id: {device: {"x": "x" * 100}}}}
        for count in range(FLOOD // FLOODERS):
            seen.append(eve.call("PUT", path("sendToDevice", "m.flood", f"{number}-{count}"), body)[0])

    def drained(self, since):
        """Reads Ben's queue to its end: how many messages of the flood it held, and Ana's."""
        flood, keys = 0, []
        while True:
            answer = self.ben.must("GET", f"{path('sync')}?timeout=0&since={since}")
            events, since = answer.get("to_device", {}).get("events", []), answer["next_batch"]
            flood += sum(event["type"] == "m.flood" for event in events)
            keys += [event["content"]["n"] for event in events if event["sender"] == self.ana.user_id]
            if not events:
                return flood, keys

    def bombs(self):
        """Files that unpack to far more than they are, in every place where a picture may hold something packed."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(200 * MEBIBYTE))
        profile = zlib.compress(bytes(400 * MEBIBYTE), 9)
        before, most = self.resident_bytes(), 0
        for name, kind, data, statuses in [
            ("a ZIP of 200 MiB of nothing", "application/zip", packed.getvalue(), (400,)),
            ("such a ZIP that says it is a picture", "image/png", packed.getvalue(), (400,)),
            ("a picture with such a ZIP at its end", "image/png", self.png(40, 40, rows=40) + packed.getvalue(), (200, 400)),
            ("a colour profile of 400 MiB", "image/png", self.with_chunk(b"iCCP", b"p\0\0" + profile), (200, 400, 413)),
            ("a text of 400 MiB", "image/png", self.with_chunk(b"zTXt", b"t\0\0" + profile), (200, 400, 413)),
            ("an international text of 400 MiB", "image/png", self.with_chunk(b"iTXt", b"t\0\1\0\0\0" + profile), (200, 400, 413)),
            ("a GIF of 65,535 by 65,535", "image/gif", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x4c\x01\0;", (413,)),
            ("a JPEG of 65,500 by 65,500", "image/jpeg", b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 65_500, 65_500) + b"\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9", (400, 413)),
            ("a WebP of 16,384 by 16,384", "image/webp", b"RIFF\x26\0\0\0WEBPVP8L\x19\0\0\0\x2f\xff\xff\xff\x0f" + bytes(20), (400, 413)),
            ("a billion laughs in an SVG", "image/svg+xml", b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>', (400,)),
            ("an SVG that reads a file", "image/png", b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>', (400,)),
        ]:
            place = self.upload(data, kind)
            status, answer = self.ana.call("GET", f"/_matrix/client/v1/media/thumbnail/{place}?width=32&height=32&method=crop")
            fine = status in statuses and (status == 200 or answer and answer.get("error"))
            self.that(f"bad-input: {name} made small", fine, f"{status} {answer}")
            grown = self.resident_bytes() - before
            most = max(most, grown)
            self.that(f"bad-input: {name} does not fill the memory", grown < 64 * MEBIBYTE, f"{grown} bytes")
        print(f"memory grew by at most {most / MEBIBYTE:.0f} MiB while bombs were looked at")

    def with_chunk(self, kind, data):
        """A small picture with a chunk before its pixels."""
        whole = self.png(40, 40, rows=40)
        chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        return whole[:33] + chunk + whole[33:]

    def paths(self):
        """Names and types that lead elsewhere or say what they are not."""
        down, up = "/_matrix/client/v1/media/download", "/_matrix/media/v3/upload"
        place = self.upload(b"<html><script>alert(1)</script>", "text/html; charset=utf-7")
        for name, wrong in [("..", "%2e%2e"), ("a way up", "..%2f..%2f..%2fetc%2fpasswd"), ("a drive", "C:%5CWindows%5Cwin.ini"), ("a NUL", "a%00.png")]:
            status, _ = self.ana.call("GET", f"{down}/{place}/{wrong}")
            told = self.ana.headers["Content-Disposition"] or ""
            fine = status in (200, 400, 404) and not re.search(r"\.\.|[/\\\0]", told.removesuffix('"'))
            self.that(f"bad-input: a file asked for as {name} is called by a plain name", fine, f"{status} {told!r}")
        for name, wrong in [("a way up", "..%2f..%2fetc"), ("a NUL", "%00"), ("a slash", "%2f"), ("5,000 letters", "a" * 5_000)]:
            self.refused(f"media of a server called {name}", self.ana, "GET", f"{down}/{wrong}/{place.split('/')[1]}", (400, 404), ("M_NOT_FOUND", "M_INVALID_PARAM", "M_BAD_JSON", "M_UNRECOGNIZED"))
        for name, kind in [("a line break", "image/png\tx: y"), ("no slash", "png"), ("5,000 letters", "image/" + "x" * 5_000), ("letters of no alphabet", "image/\u00ff")]:
            status, answer = self.ana.call("POST", up, raw=b"<script>alert(1)</script>", headers={"Content-Type": kind})
            if status == 200:
                self.ana.call("GET", f"{down}/{answer['content_uri'].removeprefix('mxc://')}")
                told = self.ana.headers["Content-Disposition"] or ""
                fine = told.startswith("attachment") and self.ana.headers["X-Content-Type-Options"] == "nosniff"
            else:
                fine = status in (400, 413, 431) and bool((answer or {}).get("errcode"))
            self.that(f"bad-input: a type with {name} is refused or never shown", fine, f"{status}")
