"""The scenarios: each is a function, and each `with` in it is a step.

A scenario is not tried if another one failed that makes what it needs.  All of them
type README's "Deployment" at machines; what one leaves for the next is in `world`:
the first server, the client machine.
"""

import importlib

from .build import build
from .readme import Readme
from .report import GivenUp

# In order: the first ones make what the next ones use.
MODULES = ("first", "units", "upkeep", "audit", "second", "leaving", "source")
# What machines install besides what README says.
ALSO = [["systemd-resolved"]]
SCENARIOS = []  # (function, functions that it needs), in order


def scenario(*needs):
    def add(function):
        SCENARIOS.append((function, needs))
        return function
    return add


def prepare(roots, directory):
    """Build our packages and download all that a machine will install, while there is a network."""
    packages = build(roots, directory / "packages")
    sets = [*Readme("Deployment").packages(), *ALSO]
    roots.download(sorted({tuple(words) for words in sets}), packages["new"].glob("*.deb"))
    return packages


def play(world):
    """Play all scenarios; the report counts their steps."""
    for module in MODULES:
        importlib.import_module(f".{module}", __package__)
    failed = set()
    for function, needs in SCENARIOS:
        title = function.__doc__.splitlines()[0]
        world.report.say(f"{title}")
        if failed.intersection(needs):
            failed.add(function)
            world.report.missed(title)
            continue
        try:
            function(world)
        except GivenUp:
            failed.add(function)
