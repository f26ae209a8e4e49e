"""What `acmeproxy serve` tells its service manager: sd_notify(3), as systemd receives it."""

import json
import os
import signal
import socket

import pytest
from conftest import until
from fastcgi import connect, read_answer, request
from stack.process import Process


class Service:
    """A second `acmeproxy serve` on the store of a stack, and a manager that listens to it."""

    def __init__(self, stack, directory, config=None, **environ):
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "notify"))
        self.socket.setblocking(False)
        self.fcgi = directory / "fcgi.sock"
        self.process = Process(
            "serve", [stack.build / "acmeproxy", "serve", "--config", config or stack.config,
                      "--listen", f"unix:{self.fcgi}"], directory / "log",
            env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify"), **environ})

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.socket.close()

    def says(self, words):
        """True if it has said so since the words that were found last."""
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                break
        found = next((i for i, said in enumerate(self.heard) if words in said), None)
        if found is not None:
            del self.heard[:found + 1]
        return found is not None

    def must_say(self, words):
        until(f"it says {words}", lambda: self.says(words))


def test_start_reload_and_stop(stack, tmp_path):
    with Service(stack, tmp_path) as service:
        service.must_say("READY=1\nSTATUS=8 workers are ready")
        service.process.send(signal.SIGHUP)
        service.must_say("RELOADING=1")
        service.must_say("READY=1")
        service.process.send(signal.SIGTERM)
        service.must_say("STOPPING=1")
        assert service.process.stop() == 0


def test_a_reload_with_bad_settings_ends_as_well(stack, tmp_path):
    config = tmp_path / "acmeproxy.json"
    config.write_text(stack.config.read_text())
    with Service(stack, tmp_path, config) as service:
        service.must_say("READY=1")
        config.write_text("{")
        service.process.send(signal.SIGHUP)
        service.must_say("RELOADING=1")
        service.must_say("READY=1")


@pytest.mark.parametrize("text,words", [
    ('{"soa_hostname": 1}', ":1: soa_hostname: a string is needed, not an integer"),
    (None, ": No such file or directory")])
def test_why_the_start_failed(stack, tmp_path, text, words):
    config = tmp_path / "acmeproxy.json"
    if text:
        config.write_text(text)
    with Service(stack, tmp_path, config) as service:
        service.must_say(f"STATUS={config}{words}")
        until("it ends", lambda: service.process.poll() == 1)


def test_a_stuck_worker_stops_the_watchdog_messages(stack, tmp_path, name):
    config, password = tmp_path / "acmeproxy.json", tmp_path / "password"
    redis = {**stack.settings["redis"], "password_file": str(password)}
    config.write_text(json.dumps({**stack.settings, "redis": redis}))
    password.write_bytes(stack.redis_password_file("app").read_bytes())
    with Service(stack, tmp_path, config, WATCHDOG_USEC="400000") as service:
        service.must_say("READY=1")
        for _ in range(3):
            service.must_say("WATCHDOG=1")
        # A pipe to which nobody writes the password keeps a worker.
        password.rename(tmp_path / "right")
        os.mkfifo(password)
        with connect(service.fcgi) as peer:
            peer.sendall(request("/create_authorisation", f"name={name}"))

            def is_silent():
                service.says("WATCHDOG=1")
                signal.sigtimedwait([], 1)
                return not service.says("WATCHDOG=1")

            until("it is silent", is_silent)
            password.write_bytes((tmp_path / "right").read_bytes())
            assert read_answer(peer)[0] == 503, "too late for this exchange with Redis"
        service.must_say("WATCHDOG=1")


def test_without_a_manager_nothing_is_said(stack, tmp_path):
    with Service(stack, tmp_path, NOTIFY_SOCKET="") as service:
        until("it listens", service.fcgi.exists)
        assert service.process.stop() == 0 and not service.says("READY=1")
