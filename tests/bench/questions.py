"""DNS questions per second, and how long they take.

TXT never comes from a cache of PowerDNS.  This file cannot be called dns.py: that
is what dnspython is called.
"""

from contextlib import ExitStack

from .generators import (DEEP_LABELS, DEEP_RATE, deep_names, dnsperf, latencies, percentile, warm)
from .servers import Lmdb, Ours, pipe_regex
from .tools import (BY_NS, IN_ZONE, N_AUTHORISATIONS, N_NAMES, NOBODY, RATE, SECONDS, UNKNOWN,
                    Interrupt, alternate, by_chance, fill, questions)

LMDB = "PowerDNS's own lmdb backend, caches off"
OURS = "acmeproxy-pipe"
# What is asked, and the rcode of lmdb and of ours: it has the zone, we have not.
KINDS = {"by_ns": ("by NS", BY_NS, "NOERROR", "NOERROR"),
         "in_zone": ("in the zone", IN_ZONE, "NOERROR", "NOERROR"),
         "nobody": ("names that are nobody's", NOBODY, "REFUSED", "REFUSED"),
         "unknown": ("unknown challenge names", UNKNOWN, "NXDOMAIN", "REFUSED")}
PERCENTS = (50, 75, 90, 95, 99, 99.5, 99.9)
# Octets of a copy that a name with a response takes, or a little less.
OCTETS_A_NAME = 220
N_QUESTIONS_A_SECOND = 50000  # in a file; after the last, dnsperf begins again


def fill_names(target):
    fill(target, "host%d.example.com", N_NAMES)
    fill(target, "u%d", N_NAMES)


def asker(port, queries, rcode="NOERROR"):
    """A function that measures questions per second."""
    return lambda: dnsperf(port, queries, rcode)


def warm_asker(port, queries, rcode="NOERROR"):
    """The same, once the copies have most of the names."""
    warm(port, queries, rcode)
    return asker(port, queries, rcode)


def bench_kinds(stack, lmdb, regex, results):
    """Each kind of name, of ours and of lmdb's."""
    for key, (what, pattern, theirs, ours) in KINDS.items():
        asked = questions(stack, pattern, N_NAMES)
        measures = {LMDB: asker(lmdb.port, asked, theirs),
                    OURS: warm_asker(stack.dns_port, asked, ours)}
        if regex:
            measures[f"{OURS} with pipe-regex"] = warm_asker(regex.port, asked, ours)
        results.table(key, f"DNS questions per second, {what} (dnsperf, {N_NAMES:,} names)",
                      alternate(measures))
        if key == "nobody":
            results.ratio(key, key, list(measures)[-1], LMDB, "" if regex else " (no pipe-regex)")
        else:
            results.ratio(key, key, OURS, LMDB)


def bench_latencies(stack, lmdb, results):
    """Seconds from question to answer at a steady rate; and what deep names do to those of others."""
    by_ns, in_zone = (questions(stack, pattern, N_NAMES) for pattern in (BY_NS, IN_ZONE))

    def beside_deep_names():
        with deep_names(stack.dns_port):
            return latencies(stack.dns_port, by_ns)

    deep = f"by NS, beside {DEEP_RATE} questions/s of {DEEP_LABELS} labels below the zone"
    measures = {"lmdb": lambda: latencies(lmdb.port, by_ns),
                "by NS": lambda: latencies(stack.dns_port, by_ns),
                "in the zone": lambda: latencies(stack.dns_port, in_zone),
                deep: beside_deep_names}
    rounds = alternate(measures)
    results.percentiles(f"{RATE:,} questions/s", PERCENTS, {
        key: [[percentile(each, percent) * 1000 for percent in PERCENTS] for each in found]
        for key, found in rounds.items()})
    results.table("deep", f"p99 in ms at {RATE:,} questions/s", {
        key: [percentile(each, 99) * 1000 for each in rounds[key]] for key in ("by NS", deep)},
        unit=" ms")
    results.ratio("deep", "deep", deep, "by NS")


def bench_dns(stack, results):
    fill_names(stack)
    line = pipe_regex(stack)
    with ExitStack() as servers:
        lmdb = servers.enter_context(Lmdb(stack, "lmdb", N_NAMES))
        regex = line and servers.enter_context(Ours(stack, "regex", lines=[line]))
        bench_kinds(stack, lmdb, regex, results)
        bench_latencies(stack, lmdb, results)


def chance_asker(target, port, n, is_warm=False):
    """A function that measures questions about n names by chance, each time about others.

    Warm is a copy that has what it can hold, as after an hour.
    """
    if is_warm:
        most_s = 8 * SECONDS
        n_questions = min(5 * n, most_s * N_QUESTIONS_A_SECOND)
        warm(port, by_chance(target, BY_NS, n, n_questions), times=1, seconds=most_s)
    return lambda: dnsperf(port, by_chance(target, BY_NS, n, SECONDS * N_QUESTIONS_A_SECOND))


def bench_many(few, many, results):
    """The same names asked of a store with these alone, and of one with many more."""
    asked = questions(few, BY_NS, N_NAMES)
    these, all_of_them = "of these alone", f"of {N_AUTHORISATIONS:,} authorised"
    results.table("of_many", f"DNS questions per second, {N_NAMES:,} names", alternate({
        these: warm_asker(few.dns_port, asked), all_of_them: warm_asker(many.dns_port, asked)}))
    results.ratio("of_many", "of_many", all_of_them, these)


def bench_all(many, plain, results):
    """More names than a copy holds, of the same without a copy."""
    mib = max(1, N_AUTHORISATIONS * OCTETS_A_NAME // 25 >> 20)
    small, without = f"with dns_copy_mib {mib}", "without a copy (dns_copy_mib 0)"
    with Ours(many, "small", {"dns_copy_mib": mib}) as server:
        results.table(
            "all_of_many", f"DNS questions per second, all of {N_AUTHORISATIONS:,} names", alternate({
                without: chance_asker(many, plain.port, N_AUTHORISATIONS),
                small: chance_asker(many, server.port, N_AUTHORISATIONS, is_warm=True)}))
    results.ratio("all_of_many", "all_of_many", small, without)


def bench_curve(many, plain, results):
    """Questions per second against the number of names that are asked."""
    with Lmdb(many, "lmdb", N_AUTHORISATIONS) as lmdb:
        for n in sorted({*(10 ** e for e in range(2, 7) if 10 ** e < N_AUTHORISATIONS),
                         N_AUTHORISATIONS}):
            Interrupt.check()
            results.point(n, alternate({
                LMDB: chance_asker(many, lmdb.port, n),
                OURS: chance_asker(many, many.dns_port, n, is_warm=True),
                f"{OURS}, dns_copy_mib 0": chance_asker(many, plain.port, n)}))


def bench_numbers(few, many, results):
    fill(many, "host%d.example.com", N_AUTHORISATIONS)
    bench_many(few, many, results)
    with Ours(many, "plain", {"dns_copy_mib": 0}) as plain:
        bench_all(many, plain, results)
        bench_curve(many, plain, results)
