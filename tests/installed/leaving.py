"""Packages are removed, installed again, and purged."""

import re
from pathlib import Path

from .first import NAME, STAMP, packages
from .internet import texts
from .readme import Readme
from .report import expect
from .scenarios import scenario

# Gives the same PowerDNS another backend with a zone: Debian's bind backend.
OTHER = """cat >/etc/powerdns/named.conf <<'END'
zone "other.example" { type master; file "/etc/powerdns/other.zone"; };
END
cat >/etc/powerdns/other.zone <<'END'
$ORIGIN other.example.
@ 60 IN SOA ns1.other.example. hostmaster.other.example. 1 3600 600 86400 0
@ 60 IN NS ns1.other.example.
@ 60 IN TXT there
END
apt-get install pdns-backend-bind
systemctl restart pdns
"""
# What the system and maintainer scripts write in folders that belong to no package.
OTHERS = re.compile(
    r"/(root|tmp|var/(log|cache|tmp|www|lib/(dpkg|private|dbus|python|redis|letsencrypt))"
    r"|etc/(letsencrypt|nginx|rc.\.d|python3)"
    r"|usr/(share/ca-certificates|local/share/ca-certificates))/.*"
    r"|/etc/((passwd|group|shadow|gshadow|subuid|subgid)-?|ld\.so\.cache|mailcap|networks"
    r"|ca-certificates\.conf|resolv\.conf|\.pwd\.lock|machine-id)")


def _folders(machine):
    """Folders of the packages that are still there, except those that every system has."""
    info = machine.path("/var/lib/dpkg/info")
    paths = {line for path in info.glob("*.list") for line in path.read_text().splitlines()}
    return paths - set((info / "base-files.list").read_text().splitlines())


def left(machine, stamp):
    """What is left: paths that are newer than a file and nobody else's, or have our name; lines with it."""
    folders = _folders(machine)
    newer = [path for path in machine.must(f"find / -xdev -newer {stamp} ! -type d").splitlines()
             if not OTHERS.fullmatch(path)
             and not any(str(parent) in folders for parent in Path(path).parents)]
    named = machine.must(
        "find / -xdev -path /var/log -prune -o -path /root -prune -o "
        "-path /etc/letsencrypt -prune -o -name '*acmeproxy*' -print").splitlines()
    lines = machine.run(
        "grep -rIs acmeproxy /etc /usr/lib/systemd /var/lib /run --exclude-dir=letsencrypt "
        "--exclude-dir=apt --exclude-dir=private --exclude-dir=transient --exclude=hosts "
        # And copies that others keep of earlier states.
        "--exclude=hostname --exclude='*-' --exclude='*.[0-9]'").output.splitlines()
    return sorted({*newer, *named, *lines})


def units(machine):
    """Our units that systemd knows."""
    return machine.must("systemctl list-units --all --plain --no-legend '*acmeproxy*'; "
                        "systemctl list-unit-files --no-legend '*acmeproxy*' || :")


def users(machine):
    return [line for line in machine.must("getent passwd; getent group").splitlines()
            if "acmeproxy" in line]


@scenario(packages)
def remove(world):
    """The packages are removed, installed again, and purged."""
    step, server, machine = world.report.step, world.first, world.first.machine
    deployment = Readme("Deployment")
    before = server.state()
    with step("removed: PowerDNS keeps serving another backend's zone, data stays"):
        machine.must(OTHER)
        expect(texts(server.address, "other.example"), ["there"], "the other's zone")
        machine.must("apt-get remove acmeproxy acmeproxy-redis acmeproxy-pipe acmeproxy-hooks")
        machine.must("systemctl restart pdns")
        expect(texts(server.address, "other.example"), ["there"], "the other's zone")
        expect(texts(server.address, f"_acme-challenge.{NAME}"), "REFUSED", "TXT")
        machine.must("test -d /var/lib/acmeproxy/appendonlydir -a -s /etc/acmeproxy/acmeproxy.json")
    with step("installed again: all is there"):
        server.reader.directory = "/root"
        server.reader.type(deployment.below("From packages")[0])
        server.wait_until_it_works("installed again")
        server.expect_kept(before)
        server.expect_well()
        expect(texts(server.address, "other.example"), ["there"], "the other's zone")
    with step('README, "Uninstall": nothing is left'):
        server.reader.type(deployment.below("Uninstall")[0])
        expect(texts(server.address, "other.example"), ["there"], "the other's zone")
        expect(units(machine), "", "units")
        expect(users(machine), [], "users and groups")
        expect(left(machine, STAMP), [], "what is left")
        expect(machine.must("systemctl --failed --plain --no-legend"), "", "failed units")
    world.discard(machine)
