"""What names are: a model of the tree, apart from the programs, which test_tree.py compares PowerDNS with."""

import functools
import re
from typing import NamedTuple

from conftest import VALUE, value

LABEL, IDLE_LABEL = "_ujmmovf2vn55tgye", "_abcdefgh234567aa"  # dns-account-01: with a response, without
CHALLENGE, PERSIST = "_acme-challenge", "_validation-persist"
ZONE, LONE_ZONE = "auth.zone.example", "lone.mid.zone.example"  # there is no authorisation in the latter
OTHER_ZONES = ["other.example", "b.part.example"]

# The authorisations, and whether they have suffix_match.
AUTHORISED = {
    "own.example.com": False, "x.y.z.own.example.com": False, "idle.example.com": False,
    "fleet.example.com": True, "s.h2.fleet.example.com": False,
    "top.test": False, "net": False, "own.net": False,  # of a single label: for the zone only
    "other.example": False, "a.other.example": True, "u.b.part.example": False, "c.part.example": False,
    "zone.example": False, ZONE: False, "in." + ZONE: False, "far.off." + ZONE: True,
    # These are where the zone has records, or above or below that.
    "taken.example.com": False, "under.taken.example.com": False, "stat.example.com": False,
    "alias.example.com": False, "under.alias.example.com": False,
    "gone.example.com": False, "under.gone.example.com": False,
}
COVERED = ("h1", "h9", "a.b.c")  # names below each suffix_match; h1 has a response
RESPONSES = {name: [VALUE] for name in AUTHORISED if name not in ("idle.example.com", "own.net")} | {
    "h1." + name: [VALUE, value(1)] for name, suffix_match in AUTHORISED.items() if suffix_match}
LABELLED = {name: [value(2)] for name in ("own.example.com", "h1.fleet.example.com", "in." + ZONE,
                                          "taken.example.com")}
RECORDS = {name: ["ca.example; accounturi=https://ca.example/acct/1"]
           for name in ("own.example.com", "fleet.example.com", "in." + ZONE, "taken.example.com")}
# The setting zone.records, by owner and type; "" is the zone's own name.
STATIC = {
    "": {"A": "192.0.2.53", "CAA": '0 issue "ca.example"', "TXT": '"v=spf1 -all"'},
    "www": {"CNAME": "www.example.net."}, "a.deep": {"A": "192.0.2.1", "MX": "10 mail.example.net."},
    "sub": {"NS": "ns.example.net."}, "taken.example.com": {"A": "192.0.2.2", "TXT": '"taken"'},
    "www.stat.example.com": {"AAAA": "2001:db8::2"}, "alias.example.com": {"CNAME": "alias.example.net."},
    "gone.example.com": {"NS": "ns.example.net."},
}


def n_labels(name):
    return name.count(".") + 1


@functools.cache
def above(name):
    """The names above a name, the nearest first."""
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels))]


def below(name):
    """A name of as many labels as there is room for: below "a" it has 127."""
    return "a." * ((253 - len(name)) // 2) + name


def is_under(name, zone):
    return name == zone or name.endswith("." + zone)


class Source(NamedTuple):
    """Whose responses or persistent records the TXT records at a name are."""
    of: str
    label: str = ""
    is_persistent: bool = False

    def texts(self):
        found = RECORDS if self.is_persistent else LABELLED if self.label else RESPONSES
        return found.get(self.of, []) if self.label in ("", LABEL) else []


class Tree:
    """What is at a name under these settings; zone is None, "unsigned", "signed" or "lone"."""

    def __init__(self, authority, zone, other_zones, persistent, issuers):
        self.authority, self.persistent = authority, persistent
        self.zone = {None: None, "lone": LONE_ZONE}.get(zone, ZONE)
        self.is_signed = zone == "signed"
        self.issuers = ["ca.example"] if issuers else None
        self.other_zones = OTHER_ZONES if other_zones else []
        self.static = {f"{owner}.{self.zone}".lstrip("."): records
                       for owner, records in STATIC.items()} if zone else {}

    def settings(self):
        zone = {"name": self.zone, "signed": self.is_signed,
                "records": [f"{owner}. 300 {rrtype} {content}" for owner, records in self.static.items()
                            for rrtype, content in records.items()]}
        return {"authority": self.authority, "zone": zone if self.zone else None,
                "other_zones": self.other_zones, "persistent_records": self.persistent,
                "caa_issuers": self.issuers}

    def covers(self, name, least):
        """Does an authorisation of at least so many labels speak for the name?"""
        return any(AUTHORISED.get(level) is not None and (level == name or AUTHORISED[level])
                   and n_labels(level) >= least for level in (name, *above(name)))

    def readings(self, name):
        """The names that it can be about, and the fewest labels of an authorisation for these."""
        yield name, 2
        if self.zone and name.endswith("." + self.zone):
            yield name.removesuffix("." + self.zone), 1

    @functools.cache
    def source(self, name):
        for inner, least in self.readings(name):
            first, _, rest = inner.partition(".")
            if self.persistent and first == PERSIST:
                if rest in AUTHORISED and n_labels(rest) >= 2:
                    return Source(rest, is_persistent=True)
                continue
            label = first if re.fullmatch("_[a-z2-7]{16}", first) else ""
            of = rest if label else inner
            if least == 2:  # outside of the zone, it says what it is
                first, _, of = of.partition(".")
                if first != CHALLENGE:
                    continue
            if of and self.covers(of, least):
                return Source(of, label)
        return None

    def is_in_zone(self, name):
        return self.zone is not None and is_under(name, self.zone)

    @functools.cache
    def apex(self, name):
        """What kind of apex a name is: "zone", "challenge" or "name"; None if it is none."""
        if name == self.zone:
            return "zone"
        if self.is_in_zone(name) and (self.is_signed or any(is_under(o, name) for o in self.static)):
            return None
        if source := self.source(name):
            return None if source.label else "challenge"
        if self.is_in_zone(name) or n_labels(name) < 2 or any(is_under(name, z) for z in self.other_zones):
            return None
        has_child = any(n.partition(".")[2] == name for n in AUTHORISED)
        is_name = (self.authority != "challenge" and name in AUTHORISED) or (
            self.authority == "parent" and has_child)
        return "name" if is_name else None

    @functools.cache
    def apexes(self, name):
        """The apexes at and above a name, the deepest first."""
        return [level for level in (name, *above(name)) if self.apex(level)]

    def delegation(self, name):
        """Where the zone's records delegate a name of the zone, or None."""
        if self.apexes(name)[:1] != [self.zone]:
            return None
        return next((level for level in (name, *above(name))
                     if level != self.zone and "NS" in self.static.get(level, {})), None)

    def exists(self, name):
        """Does a name below an apex have anything, or a name below it?"""
        source = self.source(name)
        return (any(is_under(other, name) for other in (*self.static, self.zone or "."))
                or (source is not None and (not source.label or source.texts() != []))
                or any(self.covers(inner, least) or any(n.endswith("." + inner) for n in AUTHORISED)
                       for inner, least in self.readings(name)))

    def records(self, name):
        """The texts of the records of a name that an apex is at or above, by type."""
        found = {rrtype: [text] for rrtype, text in self.static.get(name, {}).items()}
        if self.apex(name):
            found["SOA"] = ["ns1.acmeproxy.example.net. hostmaster.example.net. 1 14400 3600 1209600 0"]
            found["NS"] = ["ns1.acmeproxy.example.net."]
        if self.apex(name) == "challenge" or (self.apex(name) == "name" and self.issuers):
            found["CAA"] = [f'0 issue "{issuer}"' for issuer in self.issuers or ["letsencrypt.org"]]
        if (source := self.source(name)) and source.texts():
            found["TXT"] = sorted(found.get("TXT", []) + [f'"{text}"' for text in source.texts()])
        return {"CNAME": found["CNAME"]} if "CNAME" in found else found

    def answer(self, name, rrtype):
        """The code and the records that a question gets."""
        zones = self.apexes(name)
        if rrtype == "IXFR" or not zones:
            return "REFUSED", {}
        if self.delegation(name) or (rrtype == "DS" and name in zones):
            return "NOERROR", {}
        if name not in zones and not self.exists(name):
            return "NXDOMAIN", {}
        records = self.records(name)
        return "NOERROR", {t: texts for t, texts in records.items() if t in (rrtype, "CNAME") or rrtype == "ANY"}


RANDOM = "r4nd0m"


def walked_names(tree):
    """Names of every kind, made from the authorisations, and all names above them."""
    bases = [*AUTHORISED, *(f"{inner}.{name}" for name, suffix_match in AUTHORISED.items() if suffix_match
                            for inner in COVERED)]
    names = {RANDOM + ".example", "nobody." + RANDOM + ".example.org"}
    for base in bases:
        challenge = f"{CHALLENGE}.{base}"
        names |= {challenge, f"{LABEL}.{challenge}", f"{IDLE_LABEL}.{challenge}", f"{RANDOM}.{challenge}",
                  f"{RANDOM}.{LABEL}.{challenge}", f"{PERSIST}.{base}", f"{RANDOM}.{PERSIST}.{base}",
                  f"{RANDOM}.{base}", f"evil{base}", f"{CHALLENGE}.evil{base}"}
    for base in bases if tree.zone else ("own.example.com", "net"):
        inside = f"{base}.{tree.zone or ZONE}"
        names |= {inside, f"{LABEL}.{inside}", f"{IDLE_LABEL}.{inside}", f"{RANDOM}.{inside}",
                  f"{CHALLENGE}.{inside}", f"{PERSIST}.{inside}", f"evil{inside}"}
    for owner in tree.static:
        names |= {owner, f"{RANDOM}.{owner}", f"{CHALLENGE}.{owner}"}
    longest = {below(name) for name in ("a", "own.example.com", "fleet.example.com", ZONE,
                                        f"{CHALLENGE}.own.example.com", f"{CHALLENGE}.fleet.example.com")}
    return sorted(longest | names | {level for name in names for level in above(name)})
