"""The manual pages describe all that the programs have, and nothing else.

Of acmeproxy.json(5) only the names are checked here: tests/unit/test_settings_manual.c tests
what it says.
"""

import json
import os
import re
import subprocess

import pytest
from stack.config import DEPLOY, TOP

BUILD = TOP / os.environ.get("BUILD", "build")
MAN, HOOKS = DEPLOY / "man", DEPLOY / "hooks"
PAGES = sorted(path.name for path in MAN.iterdir())


def source(page):
    return (MAN / page).read_text()


def heads(page, macro):
    """The heads of list items that begin with a macro, such as "Cm serve Op Fl -listen Ar where"."""
    text = re.sub(r"^\.It Xo\n\.(.*?)\n\.Xc$", lambda head: ".It " + head[1].replace("\n.", " "),
                  source(page), flags=re.M | re.S)
    return re.findall(rf"^\.It ({macro} .*)$", text, re.M)


def item(page, head):
    """The text of an item, up to the next item."""
    return source(page).split(f"\n.It {head}\n", 1)[1].split("\n.It", 1)[0].split("\n.El", 1)[0]


def options_of_head(head):
    return {name: argument.upper() for name, argument in
            re.findall(r"\bFl -([a-z-]+)(?: Ar ([a-z]+))?", head)}


def options_of_help(program, *command):
    text = subprocess.run([str(BUILD / program), *command, "--help"], capture_output=True,
                          text=True, check=True, timeout=20).stdout
    return dict(re.findall(r"^  --([a-z-]+)(?: ([A-Z]+))?  ", text, re.M))


def commands_of_help():
    text = subprocess.run([str(BUILD / "acmeproxy"), "--help"], capture_output=True, text=True,
                          check=True, timeout=20).stdout
    return dict(re.findall(r"^  ([a-z]+)(?: ([A-Z]+))?  ", text, re.M))


def settings():
    return {key for head in heads("acmeproxy.json.5", "Ic") for key in head[3:].split(" , ")}


def test_commands():
    found = {}
    for head in heads("acmeproxy.8", "Cm"):
        name, argument = re.match(r"Cm ([a-z]+)(?: Ar ([a-z]+))?", head).groups()
        assert name not in found, "described twice"
        found[name] = (argument or "").upper(), options_of_head(head)
    common = {"config": "FILE", "help": ""}
    assert found == {
        name: (argument, {option: value for option, value in
                          options_of_help("acmeproxy", name).items() if option not in common})
        for name, argument in commands_of_help().items()}
    for name in found:
        assert common.items() <= options_of_help("acmeproxy", name).items()


@pytest.mark.parametrize("program", ["acmeproxy", "acmeproxy-pipe"])
def test_options(program):
    found = [options_of_head(head) for head in heads(f"{program}.8", "Fl")]
    want = options_of_help(program)
    for command in commands_of_help() if program == "acmeproxy" else ():
        want.update(options_of_help(program, command))
    assert {name: argument for each in found for name, argument in each.items()} == want
    assert len(found) == len(want), "each is described once"
    for name in re.findall(r"\bFl -([a-z-]+)", source(f"{program}.8")):
        assert name in want


@pytest.mark.parametrize("page", ["acmeproxy.8", "acmeproxy-pipe.8"])
def test_pages_name_settings_that_exist(page):
    for name in re.findall(r"^\.Ic (\S+)", source(page), re.M):
        assert name in settings()


def test_the_settings_of_the_pipe_backend():
    code = "".join(path.read_text() for path in (*(TOP / "pipe-backend").glob("*.c"),
                                                 TOP / "common" / "store.c"))
    used = {key for key in settings() if "." not in key
            and re.search(rf"\b(?:s|settings|fresh)(?:\.|->)(?:n_)?{re.escape(key)}\b", code)}
    assert len(used) > 10
    assert set(re.findall(r"^\.Ic (\S+)", source("acmeproxy-pipe.8"), re.M)) == used


def test_the_types_of_zone_records(tmp_path):
    """The page and README list the types that the program's error lists."""
    config = tmp_path / "acmeproxy.json"
    config.write_text(json.dumps({
        "soa_hostname": "ns1.example.net", "soa_contact": "hostmaster.example.net",
        "zone": {"name": "auth.example.org", "records": ["@ 60 NONE x"]}}))
    run = subprocess.run([str(BUILD / "acmeproxy"), "checkconfig", "--config", str(config)],
                         capture_output=True, text=True, timeout=20)

    def types(text, before):
        return re.findall(r"\b[A-Z][A-Z0-9]*\b", text.split(before, 1)[1].split(".", 1)[0])

    want = types(run.stderr, '"NONE" is none of ')
    assert len(want) > 5
    assert types(source("acmeproxy.json.5"), "The type is ") == want
    assert types((TOP / "README.md").read_text(), "`records` can be ") == want


def test_the_pipe_protocol(tmp_path):
    """The page names the versions in which the program shakes hands."""
    first, last = map(int, re.search(r"^Versions (\d) to (\d) of the pipe protocol",
                                     source("acmeproxy-pipe.8"), re.M).groups())
    config = tmp_path / "acmeproxy.json"
    config.write_text('{"soa_hostname": "ns1.example.net", "soa_contact": "hostmaster.example.net"}')
    spoken = []
    for version in range(20):
        run = subprocess.run([str(BUILD / "acmeproxy-pipe"), "--config", str(config)],
                             input=f"HELO\t{version}\n", capture_output=True, text=True, timeout=20)
        if run.stdout.startswith("OK\t"):
            spoken.append(version)
    assert spoken == list(range(first, last + 1))


def test_the_hook():
    page, hook = "acmeproxy-hook.1", HOOKS / "acmeproxy-hook"
    text = hook.read_text()
    usage = subprocess.run([str(hook), "--help"], capture_output=True, text=True,
                           timeout=20).stdout.splitlines()
    assert usage[:2] == ["usage: acmeproxy-hook present|cleanup FQDN VALUE",
                         "       acmeproxy-hook --help|--version"]
    assert heads(page, "Cm") == ["Cm present Ar fqdn value", "Cm cleanup Ar fqdn value"]
    assert heads(page, "Fl") == ["Fl -help", "Fl -version"]
    variables = set(re.findall(r"\bACMEPROXY_[A-Z_]+",
                               "".join(path.read_text() for path in HOOKS.iterdir())))
    assert sorted(heads(page, "Ev")) == sorted(f"Ev {name}" for name in variables)
    assert set(re.findall(r"\bACMEPROXY_[A-Z_]+", source(page))) == variables
    keys = re.findall(r"\$\(setting \S+ ([a-z_]+)\)", text)
    assert sorted(heads(page, "Ic")) == sorted(f"Ic {key}" for key in keys)
    tries = re.search(r"\$\{ACMEPROXY_TRIES:-(\d+)\}", text)[1]
    assert re.findall(r"\d+", item(page, "Ev ACMEPROXY_TRIES")) == [tries]
    names = [head[3:] for head in heads(page, "Pa") if "/" not in head]
    assert sorted(names) == sorted(path.name for path in HOOKS.iterdir())


def test_pages_refer_to_each_other():
    names = {tuple(page.rsplit(".", 1)) for page in PAGES}
    assert len(names) == 4
    for page in PAGES:
        own = [reference for reference in re.findall(r"^\.Xr (\S+) (\d)", source(page), re.M)
               if reference[0].startswith("acmeproxy")]
        assert set(own) == names - {tuple(page.rsplit(".", 1))}, page
        name, section = page.rsplit(".", 1)
        assert f"\n.Dt {name.upper()} {section}\n" in source(page)
        assert f"\n.Sh NAME\n.Nm {name}\n.Nd " in source(page)


@pytest.mark.parametrize("prefix", ["/usr/local", "/usr"])
def test_make_install(tmp_path, prefix):
    """Everything is in its place, and readable by all even if root's umask is 077."""
    subprocess.run(["make", "-s", "install", f"BUILD={BUILD.relative_to(TOP)}", f"DESTDIR={tmp_path}",
                    f"PREFIX={prefix}"], cwd=TOP, check=True, capture_output=True, timeout=300,
                   umask=0o077)
    share = tmp_path / prefix[1:] / "share"
    for page in PAGES:
        installed = share / "man" / f"man{page[-1]}" / page
        assert installed.read_text() == source(page).replace("/usr/local/", f"{prefix}/")
        run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(installed)],
                             capture_output=True, text=True, timeout=20)
        assert (run.returncode, run.stdout + run.stderr) == (0, "")
    completion = share / "bash-completion" / "completions" / "acmeproxy"
    assert completion.read_text() == (DEPLOY / "completion" / "acmeproxy.bash").read_text()
    for path in (tmp_path / prefix[1:]).rglob("*"):
        want = 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644
        assert path.stat().st_mode & 0o777 == want, path
    apart = {"completion", "debian", "man"}
    assert {path.name for path in (share / "acmeproxy").iterdir()} == {
        path.name for path in DEPLOY.iterdir()} - apart
    assert (share / "acmeproxy" / "hooks" / "acmeproxy-hook").stat().st_mode & 0o111
    for program in ("acmeproxy", "acmeproxy-pipe"):
        assert (tmp_path / prefix[1:] / "bin" / program).stat().st_mode & 0o777 == 0o755
