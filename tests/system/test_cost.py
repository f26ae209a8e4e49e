"""What a question costs the store: no name that a stranger may think of makes it dear."""

import random
import re
import string
import subprocess

import pytest
from conftest import Api, Dns, Redis, create_by_command, tell_coprocesses
from stack.stack import Stack

ZONE = "auth.zone.example"
OWN, FLEET = "own.example.com", "fleet.example.com"  # FLEET has suffix_match
LABELS = 110
MOST = 48  # commands: two readings of a name, six levels of each, two commands a level; and some more
# No name below these has anything.
BASES = ("example.org", "com", OWN, f"_acme-challenge.{OWN}", f"evil{OWN}", ZONE, f"{OWN}.{ZONE}",
         f"_acme-challenge.{OWN}.{ZONE}", f"www.{ZONE}", f"deep.{ZONE}")
COVERED = (f"_acme-challenge.{FLEET}", FLEET, f"{FLEET}.{ZONE}")


@pytest.fixture(scope="module")
def costly(tmp_path_factory):
    """A stack whose PowerDNS asks one coprocess alone, so that the second question finds its copy."""
    settings = {"zone": {"name": ZONE, "records": ["www 300 A 192.0.2.1", "a.deep 300 A 192.0.2.1"]}}
    with Stack(tmp_path_factory.mktemp("cost"), settings=settings,
               pdns_extra=["distributor-threads=1"]) as running:
        Api(running).create(OWN)
        create_by_command(running, FLEET, "--suffix-match")
        yield running


@pytest.fixture
def count(costly):
    """A function that counts the commands that Redis executes meanwhile."""
    def commands():
        found = re.findall(r"cmdstat_([^:]+):calls=(\d+)", Redis(costly)("INFO", "commandstats"))
        return sum(int(calls) for name, calls in found if name not in ("auth", "info", "config|resetstat"))

    def count(do):
        Redis(costly)("CONFIG", "RESETSTAT")
        do()
        return commands()

    return count


def long_name(base):
    """A name that nobody has asked for, of as many labels as there is room for."""
    n = min(LABELS, (253 - len(base)) // 2)
    return "".join(random.choice(string.ascii_lowercase) + "." for _ in range(n)) + base


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("authority", ["challenge", "parent"])
def test_a_long_name_costs_what_a_short_one_costs(costly, count, authority, signed):
    """PowerDNS asks hundreds of questions about it; all but the first find what they need in the copy.

    In a signed zone a name below a suffix_match costs more: it can have responses at every level.
    """
    tell_coprocesses(costly, authority=authority, zone={**costly.settings["zone"], "signed": signed})
    for base in (*BASES, *(() if signed else COVERED)):
        assert count(lambda: Dns(costly).ask(long_name(base))) <= MOST, f"below {base}"


def test_the_same_question_costs_nothing_for_a_while(costly, count):
    """For half a second: a slow machine may need a few attempts to be quick enough."""
    tell_coprocesses(costly, authority="parent")
    for name in (f"_acme-challenge.{OWN}", f"{OWN}.{ZONE}", *map(long_name, (*BASES, *COVERED))):
        Dns(costly).ask(name)
        assert 0 in (count(lambda: Dns(costly).ask(name.upper())) for _ in range(10)), name


@pytest.mark.parametrize("authority", ["challenge", "parent"])
def test_without_a_copy_each_question_of_powerdns_costs_as_much(costly, count, authority):
    tell_coprocesses(costly, authority=authority, dns_copy_mib=0)
    for base in (*BASES, *COVERED):
        lines = [f"Q\t{long_name(base)}\tIN\t{rrtype}\t-1\t0.0.0.0\t0.0.0.0\t0.0.0.0/0\n"
                 for rrtype in ("SOA", "ANY") * 5]
        assert count(lambda: subprocess.run(
            [costly.build / "acmeproxy-pipe", "--config", costly.config],
            input="HELO\t5\n" + "".join(lines), text=True, check=True, timeout=60,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)) <= MOST * len(lines), base
