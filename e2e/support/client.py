"""A small HTTP client for Matrix and console calls: one keep-alive connection, JSON in and out."""

import http.client
import json
import os
from urllib.parse import quote, urlsplit

URL = os.environ.get("FRANKLY_URL", "http://127.0.0.1:8008")
CLIENT = "/_matrix/client/v3"


def path(*parts):
    """A path below the client API with its parts percent-encoded."""
    return CLIENT + "".join("/" + quote(part, safe="") for part in parts)


class Client:
    """A caller; `token` and `cookie` are sent when set."""

    def __init__(self, timeout=60):
        address = urlsplit(URL)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
        self.token = None
        self.user_id = None
        self.cookie = None

    def call(self, method, target, body=None, raw=None, headers=None):
        """Returns the status and the decoded JSON (or None when the answer is no JSON)."""
        data = raw if raw is not None else (None if body is None else json.dumps(body, ensure_ascii=False).encode())
        sent = {"Content-Type": "application/json"} if data is not None else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.cookie:
            sent.update({"Cookie": self.cookie, "X-Frankly-Console": "1"})
        sent.update(headers or {})
        try:
            self.connection.request(method, target, body=data, headers=sent)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server may close a connection that idled; a call is sent once more on a fresh one.
            self.connection.close()
            self.connection.request(method, target, body=data, headers=sent)
            answer = self.connection.getresponse()
        text = answer.read()
        self.headers = answer.headers
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, None

    def must(self, method, target, body=None):
        """Like `call`, for steps that a test only prepares with."""
        status, answer = self.call(method, target, body)
        if status != 200:
            raise RuntimeError(f"{method} {target} answered {status} {answer and answer.get('errcode')}")
        return answer

    def register(self, name, password="correct horse battery"):
        body = {"username": name, "password": password, "auth": {"type": "m.login.dummy"}}
        answer = self.must("POST", path("register"), body)
        self.token, self.user_id = answer["access_token"], answer["user_id"]
        return self

    def direct_message(self, other):
        """Opens a readable conversation with `other`, who joins; returns the room ID."""
        body = {"is_direct": True, "preset": "trusted_private_chat", "invite": [other.user_id]}
        room = self.must("POST", path("createRoom"), body)["room_id"]
        other.must("POST", path("join", room), {})
        return room

    def staff_login(self, user, password):
        status, answer = self.call(
            "POST", "/_frankly/v1/console/login", {"user": user, "password": password}, headers={"X-Frankly-Console": "1"}
        )
        if status != 200:
            raise RuntimeError(f"staff log-in answered {status} {answer and answer.get('errcode')}")
        self.cookie = self.headers["Set-Cookie"].split(";")[0]
        return self
