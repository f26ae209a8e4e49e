"""`make bench-compare BASE=REV`: the quick measurements of two revisions, in turn.

REV is built in a temporary folder, with the same compiler and
flags.  Each revision has its own configuration, by its own `make run`: a stack
each, and rounds alternate between the two.
"""

import json
import os
import shlex
import statistics
import subprocess
import sys
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench import api  # noqa: E402
from bench.questions import fill_names, warm_asker  # noqa: E402
from bench.report import TOP  # noqa: E402
from bench.tools import (  # noqa: E402
    BY_NS, IN_ZONE, N_NAMES, NOBODY, SETTINGS, UNKNOWN, Interrupt, alternate, main, questions,
    run)
from stack.process import Process, StackError, wait_until  # noqa: E402

# What make tells its children would change how the other revision is built.
MAKE_S = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "BUILD")


class Target:
    """A stack that `make run` of a revision starts."""

    def __init__(self, name, tree, build, directory):
        self.name, self.dir = name, directory / name
        self.dir.mkdir()
        settings = self.dir / "settings.json"
        settings.write_text(json.dumps(SETTINGS))
        self.process = Process(
            f"make run of {name}", ["/usr/bin/python3", "-B", tree / "tests" / "stack" / "run.py"],
            self.dir / "log", cwd=tree, env={
                **os.environ, "BUILD": str(build), "ACMEPROXY_RUN_DIR": str(self.dir / "run"),
                "ACMEPROXY_RUN_SETTINGS": str(settings)})

    def __enter__(self):
        env = self.dir / "run" / "env"
        self.process.start()
        try:
            wait_until(f"{self.name} runs", env.exists, self.process, interrupt=Interrupt.check)
        except BaseException:
            self.process.stop(seconds=30)
            raise
        self.env = dict(shlex.split(line)[0].split("=", 1) for line in env.read_text().splitlines())
        self.url, self.ca_cert = self.env["ACMEPROXY_URL"], self.env["ACMEPROXY_CA_CERT"]
        self.https_port = urllib.parse.urlsplit(self.url).port
        self.dns_port = int(self.env["ACMEPROXY_DNS_PORT"])
        return self

    def __exit__(self, *_):
        self.process.stop(seconds=30)

    def redis_cli(self, *words, text=None):
        password = Path(self.env["ACMEPROXY_REDIS_PASSWORD_FILE"]).read_text().strip()
        said = subprocess.run(
            ["redis-cli", "-s", self.env["ACMEPROXY_REDIS_SOCKET"], "--user",
             self.env["ACMEPROXY_REDIS_USERNAME"], *words], input=text, capture_output=True,
            text=True, env={**os.environ, "REDISCLI_AUTH": password})
        return said.stdout + said.stderr


def git(*words):
    return run("git", "-C", TOP, *words).strip()


def checkout(commit, directory):
    """The files of a commit; unlike a worktree of git's, they leave nothing in the repository."""
    tree, archive = directory / "tree", directory / "tree.tar"
    tree.mkdir()
    git("archive", f"--output={archive}", commit)
    run("tar", "-C", tree, "-xf", archive)
    return tree


def make(tree):
    """Build a checkout; returns the folder."""
    flags = [f"{name}={os.environ[name]}" for name in ("CC", "CFLAGS") if name in os.environ]
    run("make", "-C", tree, f"-j{os.cpu_count()}", *flags, "all",
        env={k: v for k, v in os.environ.items() if k not in MAKE_S})
    return tree / "build"


def measures(target):
    """{what: a function that measures it}"""
    fill_names(target)
    asked = {what: (questions(target, pattern, N_NAMES), rcode) for what, pattern, rcode in (
        ("TXT questions, by NS", BY_NS, "NOERROR"),
        ("TXT questions, in the zone", IN_ZONE, "NOERROR"),
        ("names that are nobody's", NOBODY, "REFUSED"),
        ("unknown challenge names", UNKNOWN, "REFUSED"))}
    return {**{what: warm_asker(target.dns_port, *each) for what, each in asked.items()},
            "publish_response": api.publish(target, "secure.example.com"),
            "acme-dns /update": api.update(target)}


def report(what, old, new):
    each = [b / a for a, b in zip(old, new)]
    print(f"  {what:<28} {statistics.median(old):>10,.0f}/s {statistics.median(new):>10,.0f}/s"
          f"   {statistics.median(new) / statistics.median(old):5.2f}"
          f"   {min(each):5.2f} to {max(each):.2f}", flush=True)


def compare(directory, base):
    if not base:
        raise StackError("BASE=REV is needed, the revision to compare with")
    commit = git("rev-parse", "--verify", f"{base}^{{commit}}")
    tree = checkout(commit, directory)
    with Target("old", tree, make(tree), directory) as old, \
            Target("new", TOP, TOP / (os.environ.get("BUILD") or "build"), directory) as new:
        print(f"A second, medians: {git('describe', '--always', commit)} and this tree\n"
              f"  {'':<28} {'old':>12} {'new':>12}   ratio   of single rounds", flush=True)
        before, after = measures(old), measures(new)
        for what in before:
            found = alternate({"old": before[what], "new": after[what]})
            report(what, found["old"], found["new"])


if __name__ == "__main__":
    sys.exit(main("make bench-compare", lambda directory: compare(directory, "".join(sys.argv[1:]))))
