"""acmeproxy-pipe as PowerDNS starts it: one question at a time."""

import subprocess


class Coprocess:
    """One coprocess, in the middle of a conversation.

    ask() returns the fields of the DATA lines, or None for FAIL.
    """

    def __init__(self, program, config, log):
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen(
                [str(program), "--config", str(config)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=stderr)
        self.pid = self.process.pid
        self._send("HELO\t5")
        assert self._line().startswith("OK\t")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End its input; returns its exit status."""
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def _send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def _line(self):
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), "the coprocess has ended"
        return line[:-1].decode()

    def ask(self, name, rrtype="ANY", zone_id=-1):
        self._send(f"Q\t{name}\tIN\t{rrtype}\t{zone_id}\t127.0.0.1\t127.0.0.1\t127.0.0.1/32")
        data = []
        while (line := self._line()) != "END":
            if line == "FAIL":
                if rrtype == "SOA":
                    assert self._line() == "END"
                return None
            data.append(line.split("\t"))
        return data

    def txt_at(self, name):
        """The values of the TXT records of NAME, sorted; None for FAIL."""
        data = self.ask(name)
        return data if data is None else sorted(
            fields[8].strip('"') for fields in data if fields[5] == "TXT")

    def texts(self, name):
        """Likewise of _acme-challenge.NAME."""
        return self.txt_at("_acme-challenge." + name)
