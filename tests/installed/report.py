"""Counts steps, says how long each took, and shows what explains a failure."""

import contextlib
import subprocess
import time

from stack.process import StackError


class GivenUp(Exception):
    """A step failed, so the rest of its scenario makes no sense."""


class Report:
    """passed and failed count steps."""

    def __init__(self):
        self.passed = self.failed = 0
        self.machines = {}  # whose journals a failing step shows

    def say(self, text):
        print(text, flush=True)

    @contextlib.contextmanager
    def step(self, title):
        """A step of a scenario: it passes unless it raises."""
        start = time.time()
        try:
            yield
        except (StackError, OSError, subprocess.SubprocessError) as error:
            self._fail(title, start, error)
            raise GivenUp(title) from error
        self.passed += 1
        self.say(f"  ok    {time.time() - start:5.1f} s  {title}")

    def _fail(self, title, start, error):
        self.failed += 1
        self.say(f"  FAIL  {time.time() - start:5.1f} s  {title}\n{error}")
        for name, machine in self.machines.items():
            self.say(f"--- journal of {name}")
            try:
                self.say(machine.journal(lines=60, since=start).rstrip())
            except (StackError, OSError, subprocess.SubprocessError) as again:
                self.say(str(again))

    def missed(self, title):
        """Count a scenario that is not tried, since one that it needs has failed."""
        self.failed += 1
        self.say(f"  FAIL  not tried: {title}")


def expect(value, wanted, what):
    """The value is what is wanted, or the step fails."""
    if value != wanted:
        raise StackError(f"{what}: {value!r}, not {wanted!r}")


def expect_in(part, whole, what):
    if part not in whole:
        raise StackError(f"{what}: no {part!r} in\n{whole}")
