#!/usr/bin/env python3
"""Starts a Frankly server of its own, runs a command against it, stops the server.

    FRANKLY_BIN=target/debug/frankly python3 e2e/with_server.py --name nio -- python3 e2e/nio/drive.py

The command finds FRANKLY_URL, FRANKLY_PID and FRANKLY_DATA in its environment; with --staff also the
name and password of a staff account, and with --restart FRANKLY_PID_FILE: a server that is killed is then started again
on the same data, and the file holds the process ID of the one that runs. The server keeps its data in a new folder, or with --database in the
PostgreSQL database of that URL, which should be empty. When the command fails, the server's log is kept and its end shown.
"""

import argparse
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 20
LOG_LINES = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_for(server, port):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            return f"the server ended with {server.returncode} while starting"
        if answers(port):
            return None
        time.sleep(0.1)
    return f"the server did not answer within {START_SECONDS} s"


class Server:
    """The server's process; one that is killed is started again when `restart` names a file for its process ID."""

    def __init__(self, command, log, env, restart):
        self.command, self.log, self.env, self.restart = command, log, env, restart
        self.stopping = False
        self.start()
        if restart:
            self.watcher = threading.Thread(target=self.watch, daemon=True)
            self.watcher.start()

    def start(self):
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT, env=self.env)
        if self.restart:
            fresh = self.restart.with_suffix(".new")
            fresh.write_text(f"{self.process.pid}\n")
            fresh.rename(self.restart)

    def watch(self):
        while self.process.wait() == -signal.SIGKILL and not self.stopping:
            self.start()

    def stop(self):
        """Asks the server to finish; returns what was wrong with its end, if anything."""
        self.stopping = True
        if self.process.poll() is not None:
            return f"the server ended by itself with {self.process.returncode}"
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"the server did not stop within {STOP_SECONDS} s"
        return None if code == 0 else f"the server ended with {code}"


def add_staff(binary, place, env):
    env["FRANKLY_STAFF"] = "sasha"
    env["FRANKLY_STAFF_PASSWORD"] = secrets.token_hex(12)
    role = ["--role", "senior_reviewer", "--password", env["FRANKLY_STAFF_PASSWORD"]]
    subprocess.run([binary, "user", "add", env["FRANKLY_STAFF"], *role, *place], check=True, stdout=subprocess.DEVNULL)


def show_end(log):
    lines = log.read_text(errors="replace").splitlines()
    grave = [line for line in lines if "ERROR" in line or "panicked" in line]
    print(f"the server's log is kept in {log}; {'errors in it' if grave else 'its end'}:")
    for line in (grave or lines)[-LOG_LINES:]:
        print(f"  {line[:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="names the log file")
    parser.add_argument("--staff", action="store_true", help="adds a senior reviewer before the start")
    parser.add_argument("--restart", action="store_true", help="starts the server again when it is killed")
    parser.add_argument("--database", help="URL of a PostgreSQL database instead of SQLite")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    binary = os.environ.get("FRANKLY_BIN") or sys.exit("FRANKLY_BIN names the server's binary")
    data = tempfile.mkdtemp(prefix="frankly-e2e-")
    log = Path(os.environ.get("FRANKLY_LOGS", tempfile.gettempdir())) / f"{options.name}-server.log"
    port = free_port()
    env = dict(os.environ, FRANKLY_URL=f"http://127.0.0.1:{port}", FRANKLY_DATA=data)
    place = ["--database", options.database] if options.database else ["--data", data]
    if options.staff:
        add_staff(binary, place, env)
    restart = Path(data) / "server.pid" if options.restart else None
    if restart:
        env["FRANKLY_PID_FILE"] = str(restart)
    log.write_bytes(b"")
    command = [binary, "serve", "--dev", *place, "--listen", f"127.0.0.1:{port}"]
    server = Server(command, log, dict(env, NO_COLOR="1"), restart)
    code = 1
    problem = None
    try:
        problem = wait_for(server.process, port)
        if problem is None:
            env["FRANKLY_PID"] = str(server.process.pid)
            code = subprocess.run(options.command, env=env).returncode
    finally:
        problem = server.stop() or problem
        shutil.rmtree(data, ignore_errors=True)
    if problem:
        print(f"not ok {options.name}: {problem}")
        code = code or 1
    if code:
        sys.stdout.flush()
        show_end(log)
    sys.exit(code)


if __name__ == "__main__":
    main()
