"""What README tells an administrator to type, exactly as README has it.

A block is a run of indented lines, with empty lines between them or not.  A line
that begins with "$ " is a command, and the lines up to the next command are what
it prints; in a block without such lines, all lines are commands.
"""

import re
import subprocess
from pathlib import Path

from stack.process import StackError

README = Path(__file__).resolve().parent.parent.parent / "README.md"
HEADING = re.compile(r"(#+) (.*)")
PROMPT = re.compile(r"^ *\$ ", re.MULTILINE)
INSTALL = re.compile(r"^ *(?:\$ )?apt(?:-get)? (?:-\S+ )*install (.*)$", re.MULTILINE)
MARK = "== status =="  # between the outputs of two commands
SHELL_FOLDER = "/run/readme-folder"
LIST = re.compile(r"(\d+\.|-) +")


class Block:
    """A block, the heading that it is below, and the text line before it."""

    def __init__(self, heading, lead, first_line, lines):
        self.heading, self.lead, self.first_line = heading, lead, first_line
        self.text = "\n".join(lines) + "\n"
        self.used = False

    def __str__(self):
        return f"README, line {self.first_line} ({self.heading})"

    def commands(self):
        """[(command, what it prints or None)], each complete: a loop is one command."""
        parts = PROMPT.split(self.text)
        if len(parts) == 1:
            return [(command, None) for command in _split(self.text.splitlines(), str(self))]
        found = []
        # Below "1. " eight columns are one more than Markdown removes.
        margin = min(_indent(line) for line in self.text.splitlines() if line)
        for part in parts[1:]:
            lines = part.splitlines()
            n = next(n for n in range(1, len(lines) + 1) if _complete("\n".join(lines[:n])))
            found.append(("\n".join(lines[:n]), "\n".join(line[margin:] for line in lines[n:])))
        return found


def _complete(text):
    """True if a shell would not wait for another line."""
    if text.endswith("\\"):
        return False
    run = subprocess.run(["bash", "-n"], input=text + "\n", capture_output=True, text=True)
    return run.returncode == 0 and not run.stderr  # it warns about a here-document without an end


def _split(lines, where):
    commands, pending = [], []
    for line in lines:
        pending.append(line)
        text = "\n".join(pending)
        if not text.strip():
            pending = []
        elif _complete(text):
            commands.append(text)
            pending = []
    if pending:
        raise StackError(f"{where}: not a complete command:\n" + "\n".join(pending))
    return commands


def _indent(line):
    return len(line) - len(line.lstrip(" "))


def _blocks(lines):
    """All blocks of a Markdown text; in a list item, what is 4 deeper than its text is a block."""
    blocks, heading, lead = [], "", ""
    item = 0  # the indentation of the list item's text that we are in
    current, first = [], 0
    for number, line in enumerate([*lines, "end"], 1):
        if line.strip() and _indent(line) >= item + 4 and (current or not lines[number - 2].strip()):
            first = first or number
            current.append(line[item + 4:])
            continue
        if not line.strip():
            if current:
                current.append("")
            continue
        if current:
            while not current[-1]:
                current.pop()
            blocks.append(Block(heading, lead, first, current))
            current, first = [], 0
        mark = LIST.match(line)
        if mark:
            item = mark.end()
        elif _indent(line) < item:
            item = 0
        if HEADING.match(line):
            heading = HEADING.match(line)[2]
        lead = line.strip()
    return blocks


class Readme:
    """The blocks of a section and its subsections, in order."""

    def __init__(self, section, path=README):
        lines = path.read_text().splitlines()
        try:
            first = next(n for n, line in enumerate(lines)
                         if HEADING.match(line) and HEADING.match(line)[2] == section)
        except StopIteration:
            raise StackError(f"README has no heading {section!r} any more") from None
        level = len(HEADING.match(lines[first])[1])
        last = next((n for n in range(first + 1, len(lines))
                     if HEADING.match(lines[n]) and len(HEADING.match(lines[n])[1]) <= level),
                    len(lines))
        # Empty lines replace what comes before, so that line numbers are README's.
        self.blocks = _blocks([""] * first + lines[first:last])
        if not self.blocks:
            raise StackError(f"README, {section!r}: nothing to type there")

    def below(self, heading):
        """The blocks below one heading; they count as used."""
        found = [block for block in self.blocks if block.heading == heading]
        if not found:
            raise StackError(f"README has nothing to type below {heading!r} any more")
        for block in found:
            block.used = True
        return found

    def unused(self):
        return [block for block in self.blocks if not block.used]

    def packages(self):
        """What it installs: the words of each `apt install` and `apt-get install`."""
        return [[word for word in words.split() if not word.startswith("-")]
                for block in self.blocks
                for words in INSTALL.findall(block.text.replace("\\\n", " "))]


def agrees(expected, output):
    """True if a command printed what README shows, where `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None


class Reader:
    """Somebody at a machine's root shell who types what README says."""

    def __init__(self, machine, directory="/root"):
        self.machine, self.directory = machine, directory

    def type(self, block):
        """Run the commands of a block in one shell; returns all that they printed.

        Each has to succeed, and to print what README shows.  The next block
        starts in the folder in which this one ends.
        """
        commands = block.commands()
        script = f"cd {self.directory} || exit\n" + "".join(
            f"{command}\nset -- $?; echo; echo {MARK}; [ $1 -eq 0 ] || exit $1\n"
            for command, _ in commands) + f"pwd >{SHELL_FOLDER}\n"
        result = self.machine.run(script)
        said = result.output.split(f"\n{MARK}\n")
        for (command, expected), output in zip(commands, said):
            if expected and not agrees(expected, output):
                raise StackError(f"{block}:\n{command}\nsaid\n{output}\nREADME shows\n{expected}")
        if result.status != 0:
            command = commands[min(len(said), len(commands) + 1) - 2][0]
            raise StackError(f"{block}: status {result.status} of\n{command}\nwhich said\n"
                             f"{said[-2] if len(said) > 1 else result.output}")
        self.directory = self.machine.must(f"cat {SHELL_FOLDER}").strip()
        return "\n".join(said)
