"""Real certificates: unmodified clients, Pebble, and a resolver that knows nothing about us."""

import contextlib

import pytest
from conftest import VALUE, Api, Redis
from delegation import Parent, Unbound, free_loopback
from stack.acme import (Pebble, certbot, certbot_ini, dehydrated, describe, lego,
                        mount_namespace, uacme, verify)
from stack.process import StackError

@contextlib.contextmanager
def delegated(directory, host, lines):
    """An unbound that finds us by these lines of the zone example.com."""
    directory.mkdir()
    with Parent(directory / "parent", host, {"example.com": lines}) as parent, \
            Unbound(directory / "unbound", parent) as resolver:
        yield resolver


def names_of(cert):
    line = describe(cert).splitlines()[-1]
    return {word.strip().removeprefix("DNS:") for word in line.split(",")}


def checked(pebble, made):
    cert, chain = made
    assert verify(pebble.root(), chain, cert) == "OK"
    return names_of(cert)


def each_client(stack, pebble, resolver, secret, lego_modes):
    """Get a certificate for secure.example.com and its wildcard with each client."""
    names = ["secure.example.com", "*.secure.example.com"]
    clients = [lambda: dehydrated(pebble, names, {"ACMEPROXY_SECRET": secret}),
               lambda: certbot(pebble, names, certbot_ini(stack, {"secure.example.com": secret}))]
    if mount_namespace():
        clients.append(lambda: uacme(pebble, names, secret))
    for mode in lego_modes:
        clients.append(lambda mode=mode: lego(pebble, names, mode, "secure.example.com", secret,
                                              resolver.address))
    for client in clients:
        resolver.forgets("_acme-challenge.secure.example.com")
        assert checked(pebble, client()) == set(names)


def test_a_certificate_through_a_real_delegation(start_stack, tmp_path):
    """parent zone -> NS -> us; Pebble asks unbound, which follows it."""
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53)
    secret = Api(stack).create("secure.example.com")
    delegation = "_acme-challenge.secure IN NS ns1.acmeproxy.example.net."
    with delegated(tmp_path / "dns", host, [delegation]) as resolver, \
            Pebble(stack, dns=resolver.address) as pebble:
        # An early question must not hide what is published later.
        assert resolver.rdata("TXT", "_acme-challenge.secure.example.com") == []
        each_client(stack, pebble, resolver, secret, ("", "RAW"))
    assert Redis(stack)("EXISTS", "acmeproxy:response:secure.example.com") == "0", "cleaned up"
    events = [e["event"] for e in Redis(stack).audit("secure.example.com")]
    assert events.count("published") == events.count("expired") >= 8


def test_a_certificate_through_a_cname(start_stack, tmp_path):
    """parent zone -> CNAME -> our zone, which is delegated like any other."""
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53, settings={
        "zone": {"name": "auth.example.com", "records": ["@ 60 A 192.0.2.53"]}})
    secret = Api(stack).create("secure.example.com")
    lines = ["auth IN NS ns1.acmeproxy.example.net.",
             "_acme-challenge.secure IN CNAME secure.example.com.auth.example.com."]
    with delegated(tmp_path / "dns", host, lines) as resolver, \
            Pebble(stack, dns=resolver.address) as pebble:
        each_client(stack, pebble, resolver, secret, ("", "RAW", "exec"))


@pytest.fixture(scope="module")
def pebble(stack):
    with Pebble(stack) as running:
        yield running


@pytest.mark.parametrize("chain", [False, True])
def test_dehydrated_with_a_file_of_secrets(stack, pebble, api, chain, tmp_path):
    """Several domains, a wildcard, mixed case, each with its own secret."""
    tag = "chain" if chain else "single"
    names = [f"www.{tag}.example.com", f"*.www.{tag}.example.com", f"mail.{tag}.example.com"]
    secrets = tmp_path / "secrets"
    secrets.touch(mode=0o600)
    secrets.write_text("# name secret\n\n" + "".join(
        f"{name.upper()}  {api.create(name)}\n" for name in (names[0], names[2])))
    made = dehydrated(pebble, names, {"ACMEPROXY_SECRETS_FILE": str(secrets)}, chain)
    assert checked(pebble, made) == set(names)


def test_certbot_with_several_domains(stack, pebble, api):
    names = ["a.certbot.example.com", "*.a.certbot.example.com", "b.certbot.example.com"]
    ini = certbot_ini(stack, {"A.certbot.Example.com": api.create(names[0]),
                              names[2]: api.create(names[2])})
    assert checked(pebble, certbot(pebble, names, ini)) == set(names)


@pytest.mark.skipif(mount_namespace() is None,
                    reason="uacme trusts our CA only in a mount namespace")
def test_uacme(stack, pebble, api):
    names = ["uacme.example.com", "*.uacme.example.com"]
    assert checked(pebble, uacme(pebble, names, api.create(names[0]))) == set(names)


def test_a_failing_hook_makes_the_client_fail(stack, pebble, api):
    name = "wrong.example.com"
    api.create(name)
    with pytest.raises(StackError) as failure:
        dehydrated(pebble, [name], {"ACMEPROXY_SECRET": "0" * 32})
    assert f"publish_response {name}: HTTP 403: Invalid authorisation token" in str(failure.value)


# The setting authority, a delegation that needs it, and the apex of our zone with both.
LEVELS = [
    ("challenge", "_acme-challenge.www.shop IN NS ns1.acmeproxy.example.net.",
     "_acme-challenge.www.shop.example.com"),
    ("name", "www.shop IN NS ns1.acmeproxy.example.net.", "www.shop.example.com"),
    ("parent", "shop IN NS ns1.acmeproxy.example.net.", "shop.example.com"),
]


@pytest.mark.parametrize("authority,delegation,apex", LEVELS)
def test_each_level_of_delegation(start_stack, tmp_path, authority, delegation, apex):
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53,
                        settings={"authority": authority, "caa_issuers": ["letsencrypt.org", "ca.example"]})
    api = Api(stack)
    secret = api.create("www.shop.example.com")
    with delegated(tmp_path / "dns", host, [delegation]) as resolver:
        # The delegation is not lame: a resolver gets answers at each step.
        assert resolver.rdata("NS", apex) == ["ns1.acmeproxy.example.net."]
        assert resolver.rdata("SOA", apex)[0].startswith("ns1.acmeproxy.example.net. hostmaster.example.net. ")
        assert resolver.rdata("CAA", apex) == ['0 issue "ca.example"', '0 issue "letsencrypt.org"']
        assert resolver.rdata("TXT", "_acme-challenge.www.shop.example.com") == []
        api.publish("www.shop.example.com", secret)
        assert resolver.rdata("TXT", "_acme-challenge.www.shop.example.com") == [f'"{VALUE}"']
