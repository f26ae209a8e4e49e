"""A FastCGI client that can do what nginx never does: stop midway.

Source: FastCGI Specification, 3.3, 5 and 8.
"""

import json
import socket
import struct
import time

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content=b""):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def head(path, length):
    """The beginning of a POST of a form, with its parameters; length None: it is not told."""
    params = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": path, "REMOTE_ADDR": "192.0.2.1",
              "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    if length is not None:
        params["CONTENT_LENGTH"] = str(length)
    pairs = b"".join(bytes([len(name), len(value)]) + name.encode() + value.encode()
                     for name, value in params.items())
    return (record(BEGIN, struct.pack(">HB5x", 1, 0)) + record(PARAMS, pairs) + record(PARAMS))


def request(path, body):
    """All of a request."""
    return head(path, len(body)) + record(STDIN, body.encode()) + record(STDIN)


def connect(address, timeout=20):
    """Connect to a Unix socket's path, or to (host, port)."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    peer = socket.socket(family, socket.SOCK_STREAM)
    peer.settimeout(timeout)
    end = time.monotonic() + timeout
    while True:
        try:
            peer.connect(address if isinstance(address, tuple) else str(address))
            return peer
        except BlockingIOError:  # as many wait as may
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def read_answer(peer):
    """(status, JSON of the body) as soon as the answer has ended; None when there is no answer."""
    octets, text = b"", b""
    while more := peer.recv(65536):
        octets += more
        while len(octets) >= 8:
            kind, length, padding = struct.unpack(">xBxxHBx", octets[:8])
            if len(octets) < 8 + length + padding:
                break
            if kind == STDOUT:
                text += octets[8:8 + length]
            if kind == END:
                lines, body = text.decode().split("\r\n\r\n", 1)
                return int(lines.split()[1]), json.loads(body)
            octets = octets[8 + length + padding:]
    return None
