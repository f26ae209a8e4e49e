"""The API as its clients see it, by HTTPS or directly at its FastCGI socket."""

import http.client
import json
import secrets
import socket
import ssl
import struct
import threading
import time
import urllib.parse

FORM = "application/x-www-form-urlencoded"
PATIENCE = 60  # seconds that a request may take
_BEGIN, _END, _PARAMS, _STDIN, _STDOUT = 1, 3, 4, 5, 6


class Answer:
    """Status and text of an answer; without one, 0 and the reason."""

    def __init__(self, status, text):
        self.status, self.text = status, text

    def __repr__(self):
        return f"{self.status} {self.text.strip()}"

    @property
    def result(self):
        return json.loads(self.text)["result"]


class Api:
    """post() never raises."""

    def post(self, endpoint, **parameters):
        try:
            return self._send("/" + endpoint, urllib.parse.urlencode(parameters).encode())
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, repr(error))

    def publish(self, name, secret):
        """Publish a new response; returns (answer, response)."""
        response = secrets.token_urlsafe(32)
        return self.post("publish_response", name=name, response=response, secret=secret), response


class Https(Api):
    """At an address, whose server has to have a certificate for the name."""

    def __init__(self, address, name, roots):
        self.address, self.name = address, name
        self.context = ssl.create_default_context(cadata=roots)

    def _send(self, path, body):
        plain = socket.create_connection((self.address, 443), timeout=PATIENCE)
        connection = http.client.HTTPConnection(self.name)
        try:
            connection.sock = self.context.wrap_socket(plain, server_hostname=self.name)
            connection.request("POST", path, body, {"Content-Type": FORM})
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())
        finally:
            connection.close()
            plain.close()


def _record(kind, content=b""):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


class FastCgi(Api):
    """As nginx calls it; socket_path() returns the path of its socket."""

    def __init__(self, socket_path):
        self.socket_path = socket_path

    def _send(self, path, body):
        parameters = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": path, "CONTENT_TYPE": FORM,
                      "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "192.0.2.80"}
        pairs = b"".join(bytes((len(name), len(value))) + (name + value).encode()
                         for name, value in parameters.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(str(self.socket_path()))
            peer.sendall(_record(_BEGIN, struct.pack(">HB5x", 1, 0)) + _record(_PARAMS, pairs)
                         + _record(_PARAMS) + _record(_STDIN, body) + _record(_STDIN))
            with peer.makefile("rb") as stream:
                head, _, text = self._stdout(stream).decode().partition("\r\n\r\n")
        status = next((line.split()[1] for line in head.splitlines()
                       if line.lower().startswith("status:")), "200")
        return Answer(int(status), text)

    @staticmethod
    def _stdout(stream):
        text = b""
        while True:
            head = stream.read(8)
            if len(head) < 8:
                raise ConnectionError("the connection ended before the answer did")
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = stream.read(length + padding)[:length]
            if kind == _STDOUT:
                text += content
            if kind == _END:
                return text


class Stream:
    """Publishes one response after another while its `with` lasts."""

    def __init__(self, api, name, secret):
        self.api, self.name, self.secret = api, name, secret
        self.answers = []  # (when it came, answer)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.is_set():
            answer, _ = self.api.publish(self.name, self.secret)
            self.answers.append((time.monotonic(), answer))
            self._stop.wait(0.06)  # nginx allows 20 a second

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def refused(self):
        """The answers that were not 200."""
        return [answer for _, answer in self.answers if answer.status != 200]

    def longest_wait(self):
        """The longest time from one 200 to the next, in seconds."""
        good = [when for when, answer in self.answers if answer.status == 200]
        return max((b - a for a, b in zip(good, good[1:])), default=0)
