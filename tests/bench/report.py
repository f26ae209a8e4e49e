"""What was measured: as tables on the terminal, and as an object for JSON."""

import os
import platform
import re
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .tools import N_AUTHORISATIONS, N_NAMES, ROUNDS, SECONDS

TOP = Path(__file__).resolve().parent.parent.parent
# Debian packages whose versions matter, by names that all releases have.
PARTS = ("pdns-server", "redis-server", "nginx", "gcc", "libc6", "libfcgi-dev", "libhiredis-dev",
         "libjansson-dev", "libsodium-dev", "dnsperf", "wrk")


@dataclass
class Row:
    """A ratio that counts: what, of what, and what it should be."""

    what: str
    of: str
    goal: float = None
    at_most: bool = False


ROWS = {
    "by_ns": Row("TXT by NS", "lmdb with caches off", 0.75),
    "in_zone": Row("TXT in the zone", "the same lmdb", 0.7),
    "of_many": Row(f"{N_NAMES:,} names asked of {N_AUTHORISATIONS:,} authorised",
                   f"{N_NAMES:,} of {N_NAMES:,}", 0.95),
    "all_of_many": Row(f"all of {N_AUTHORISATIONS:,} asked, a copy smaller than that",
                       "the same without a copy", 1),
    "nobody": Row("names that are nobody's", "the same lmdb", 1.2),
    "unknown": Row("unknown challenge names", "the same lmdb", 0.7),
    "deep": Row("p99 of others beside deep names below the zone", "p99 without", 2, at_most=True),
    "tracked": Row("publish_response while all coprocesses follow", "the same while none does", 0.9),
    "publish": Row("publish_response", "a FastCGI program that does nothing"),
    "update": Row("acme-dns's /update", "the same program"),
    "refuse_publish": Row("publish_response refused: unknown name", "wrong secret"),
    "refuse_update": Row("/update refused: unknown user", "wrong key"),
}


def machine():
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    memory_kib = re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {"cpus": len(os.sched_getaffinity(0)), "architecture": platform.machine(),
            "processor": model[1] if model else "", "memory_gib": round(int(memory_kib[1]) / 2**20)}


def revision():
    found = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"],
                           capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else ""


def versions():
    """Upstream's versions, and Debian's own as "Debian"."""
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PARTS],
                            capture_output=True, text=True).stdout
    found = dict(line.split() for line in listed.splitlines())
    short = {part: re.sub(r"^\d+:|[-+].*", "", version) for part, version in found.items()}
    return {"Debian": Path("/etc/debian_version").read_text().strip(), **short}


def table_line(name, values, base, unit):
    digits = 0 if unit == "/s" else 2
    middle = statistics.median(values)
    return (f"  {name:<58} {middle:>9,.{digits}f}{unit}   {min(values):>9,.{digits}f} to "
            f"{max(values):>9,.{digits}f}   {middle / base:6.2f}")


class Results:
    """Prints each table as soon as it is measured, and the ratios at the end."""

    def __init__(self):
        self.tables, self.ratios, self.curve = {}, {}, []
        self.more = {}

    def table(self, key, title, rounds, unit="/s"):
        """Rounds are {name: [a value for each round]}; the first is what others are compared with."""
        medians = {name: statistics.median(values) for name, values in rounds.items()}
        self.tables[key] = {"title": title, "unit": unit.strip(), "rounds": rounds,
                            "medians": medians}
        print(f"\n{title}")
        for name, values in rounds.items():
            print(table_line(name, values, next(iter(medians.values())), unit), flush=True)

    def ratio(self, key, table, ours, reference, note=""):
        """Note the row of ROWS: one of a table's medians, of another."""
        row, rounds = ROWS[key], self.tables[table]["rounds"]
        each = [a / b for a, b in zip(rounds[ours], rounds[reference])]
        medians = self.tables[table]["medians"]
        self.ratios[key] = {
            "what": row.what + note, "of": row.of, "ours": ours, "reference": reference, "unit": self.tables[table]["unit"],
            "medians": [medians[ours], medians[reference]],
            "ratio": medians[ours] / medians[reference], "spread": [min(each), max(each)],
            "goal": row.goal, "at_most": row.at_most}

    def point(self, n, rounds):
        """Questions per second with n names."""
        medians = {name: statistics.median(values) for name, values in rounds.items()}
        self.curve.append({"names": n, "rounds": rounds, "medians": medians})
        if len(self.curve) == 1:
            print("\nDNS questions per second, by the number of names that are asked\n  "
                  + " " * 10 + "".join(f"{name:>42}" for name in medians))
        print(f"  {n:>10,}" + "".join(f"{value:>40,.0f}/s" for value in medians.values()), flush=True)

    def percentiles(self, title, percents, rounds):
        """Rounds are {name: [for each round, ms at each of percents]}."""
        medians = {name: [statistics.median(column) for column in zip(*each)]
                   for name, each in rounds.items()}
        self.more["latencies"] = {"title": title, "percents": percents, "rounds": rounds,
                                  "medians": medians}
        print(f"\nMilliseconds from a DNS question to its answer, at {title}\n  {'':<58}"
              + "".join(f"{f'p{percent:g}':>9}" for percent in percents))
        for name, values in medians.items():
            print(f"  {name:<58}" + "".join(f"{value:9.2f}" for value in values), flush=True)

    def lists(self, idle_ms, lists):
        self.more["lists"] = {"idle_pause_ms": idle_ms, "rows": lists}
        print("\nacmeproxy listauthorisations (peak memory; the longest wait of another client of Redis"
              f"\nmeanwhile, {idle_ms:.1f} ms when nothing else happens)")
        for title, row in lists.items():
            print(f"  {title:<34} {row['lines']:>9,} lines {row['seconds']:6.1f} s"
                  f" {row['peak_mib']:5.1f} MiB  {row['pause_ms']:6.1f} ms", flush=True)

    def audit(self, n, octets):
        self.more["audit"] = {"events": n, "octets_an_event": octets / n}
        print(f"\nThe audit log: {octets / n:.0f} bytes per event ({n:,} of them in "
              f"{octets / 2**20:.1f} MiB)", flush=True)

    def print_ratios(self):
        print(f"\n{'Ratios of the medians':<96} ratio   of single rounds   goal")
        for key in ROWS:
            if key in self.ratios:
                row = self.ratios[key]
                goal = f"{'at most ' if row['at_most'] else ''}{row['goal']:g}" if row["goal"] else ""
                print(f"  {row['what'] + ', of ' + row['of']:<92} {row['ratio']:7.2f}   {row['spread'][0]:.2f} to "
                      f"{row['spread'][1]:.2f}       {goal}")

    def found(self):
        """All of it, for JSON."""
        return {"revision": revision(), "machine": machine(), "versions": versions(),
                "size": {"seconds": SECONDS, "rounds": ROUNDS, "names": N_NAMES,
                         "authorisations": N_AUTHORISATIONS},
                "ratios": {key: self.ratios[key] for key in ROWS if key in self.ratios},
                "tables": self.tables, "curve": self.curve, **self.more}
