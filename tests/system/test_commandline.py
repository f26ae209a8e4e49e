"""The command line: --version, --help, mistakes, completion with TAB."""

import os
import re
import subprocess

import pytest
from stack.config import DEPLOY, TOP

COMPLETION = DEPLOY / "completion" / "acmeproxy.bash"
VERSION = re.match(r"acmeproxy \((\d[\w.~+]*)\) ", (DEPLOY / "debian" / "changelog").read_text())[1]


def run(program, *arguments):
    """Run a program without input; return (status, output, error output)."""
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def programs():
    build = TOP / os.environ.get("BUILD", "build")
    return {name: build / name for name in ("acmeproxy", "acmeproxy-pipe")}


@pytest.mark.parametrize("name", ["acmeproxy", "acmeproxy-pipe"])
def test_version(programs, name):
    assert run(programs[name], "--version") == (0, f"{name} {VERSION}\n", "")


@pytest.mark.parametrize("name", ["acmeproxy", "acmeproxy-pipe"])
def test_help_fits_a_terminal(programs, name):
    status, text, errors = run(programs[name], "--help")
    assert (status, errors) == (0, "") and text.startswith(f"usage: {name} ")
    assert all(len(line) < 80 for line in text.splitlines())
    for command in re.findall(r"^  ([a-z]+)\b", text, re.M) if name == "acmeproxy" else ():
        status, text, errors = run(programs[name], command, "--help")
        assert (status, errors) == (0, "") and text.startswith(f"usage: acmeproxy {command} ")
        assert all(len(line) < 80 for line in text.splitlines())
        assert run(programs[name], "--help", command) == (0, text, "")


@pytest.mark.parametrize("argv,sentence,help_of", [
    ("acmeproxy", "a command is missing", ""),
    ("acmeproxy nosuch", "nosuch: no such command", ""),
    ("acmeproxy nosuch --help", "nosuch: no such command", ""),
    ("acmeproxy --nosuch", "--nosuch: no such option", ""),
    ("acmeproxy --json", "a command is missing", ""),
    ("acmeproxy --secret=52f5 serve", "--secret: no such option", ""),
    ("acmeproxy serve -x", "-x: no such option", "serve"),
    ("acmeproxy serve --s", "--s: no such option", "serve"),  # ambiguous
    ("acmeproxy serve --listen", "--listen: WHERE is missing", "serve"),
    ("acmeproxy serve --json", "--json: serve does not take it", "serve"),
    ("acmeproxy serve --tsv", "--tsv: serve does not take it", "serve"),
    ("acmeproxy serve extra", "extra: one argument too many", "serve"),
    ("acmeproxy listaccounts --json=x", "--json: it takes no argument", "listaccounts"),
    ("acmeproxy --config x listaccounts --name y", "--name: listaccounts does not take it",
     "listaccounts"),
    ("acmeproxy deleteauthorisation", "deleteauthorisation: NAME is missing",
     "deleteauthorisation"),
    ("acmeproxy deleteauthorisation a.example b.example", "b.example: one argument too many",
     "deleteauthorisation"),
    ("acmeproxy createaccount x" + 65 * " --permit y", "--permit: at most 64", "createaccount"),
    ("acmeproxy-pipe extra", "extra: one argument too many", ""),
    ("acmeproxy-pipe --nosuch", "--nosuch: no such option", ""),
    ("acmeproxy-pipe --config", "--config: FILE is missing", ""),
    ("acmeproxy-pipe --help=x", "--help: it takes no argument", "")])
def test_a_mistake_is_one_line(programs, argv, sentence, help_of):
    name, *arguments = argv.split()
    see = " ".join(filter(None, [name, help_of, "--help"]))
    assert run(programs[name], *arguments) == (2, "", f"{name}: {sentence}; see {see}\n")


def test_a_mistake_cannot_forge_a_line(programs):
    status, _, errors = run(programs["acmeproxy"], "a\nb\x1b[m")
    assert (status, errors) == (2, "acmeproxy: a?b?[m: no such command; see acmeproxy --help\n")


@pytest.mark.parametrize("arguments", [
    ["--json", "checkconfig", "--help"], ["checkconfig", "--help", "extra"], ["--help", "checkconfig"]])
def test_help_is_given_despite_mistakes(programs, arguments):
    assert run(programs["acmeproxy"], *arguments) == run(programs["acmeproxy"], "checkconfig", "--help")


def test_help_that_cannot_be_written_is_a_failure(programs):
    for name in ("acmeproxy", "acmeproxy-pipe"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(programs[name]), "--help"], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=20)
        assert done.returncode == 1, name


# -- completion

def complete(program, line):
    """What TAB offers at the end of a line, which bash splits at blanks and "="."""
    words = re.findall(r"=|[^\s=]+", line) + ([""] if line.endswith(" ") else [])
    done = subprocess.run(
        ["bash", "--norc", "-c", 'source "$1"; program=$2; shift 2; complete -p acmeproxy\n'
         'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _acmeproxy "$program"\n'
         'printf "%s\\n" "${COMPREPLY[@]}"', "bash", str(COMPLETION), str(program), *words],
        capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    first, *offered = done.stdout.splitlines()
    assert first == "complete -F _acmeproxy acmeproxy"
    return list(filter(None, offered))


def test_completion_offers_what_help_shows(programs):
    text = run(programs["acmeproxy"], "--help")[1]
    commands = re.findall(r"^  ([a-z]+) ", text, re.M)
    assert len(commands) > 10
    assert complete(programs["acmeproxy"], "acmeproxy ") == commands
    assert complete(programs["acmeproxy"], "acmeproxy --") == re.findall(r"^  (--\S+)", text, re.M)
    for command in commands:
        text = run(programs["acmeproxy"], command, "--help")[1]
        options = re.findall(r"^  (--\S+)", text, re.M)
        assert "--config" in options
        for line in (f"acmeproxy {command} ", f"acmeproxy {command} x --"):
            assert complete(programs["acmeproxy"], line) == options


@pytest.mark.parametrize("line,offered", [
    ("acmeproxy listr", ["listrefusals", "listresponses"]), ("acmeproxy nosuch", []),
    ("acmeproxy --v", ["--version"]), ("acmeproxy --config x listr", ["listrefusals", "listresponses"]),
    ("acmeproxy listaccounts --t", ["--tsv"]), ("acmeproxy listaccounts --p", []),
    ("acmeproxy createaccount x --permit ", []), ("acmeproxy createaccount x --permit a", []),
    ("acmeproxy createaccount x --permit=", []), ("acmeproxy serve --listen ", []),
    ("acmeproxy createaccount x --permit a --p", ["--permit"]),
    ("acmeproxy checkconfig --config {}/a", ["{}/acmeproxy.json", "{}/apart"]),
    ("acmeproxy checkconfig --config={}/ac", ["{}/acmeproxy.json"]),
    ("acmeproxy --config {}/", ["{}/acmeproxy.json", "{}/apart", "{}/b c"])])
def test_completion(programs, tmp_path, line, offered):
    for name in ("acmeproxy.json", "apart", "b c"):
        (tmp_path / name).touch()
    assert sorted(complete(programs["acmeproxy"], line.format(tmp_path))) == [
        each.format(tmp_path) for each in offered]


def test_completion_without_the_program(tmp_path):
    assert complete(tmp_path / "nosuch", "acmeproxy ") == []
