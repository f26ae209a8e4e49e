"""Clients that Debian does not have: what each sends, and how it judges the answer.

Bodies, credentials and Content-Type are as in the clients' sources; versions in User-Agent are examples.
"""

import functools
import json
import re
import socket
import ssl

import pytest
from conftest import VALUE, Dns, create_by_command
from dialects import KEY_AUTH, KEY_AUTH_VALUE, ZONE, basic_auth
from stack.stack import Stack

GO = """POST {path} HTTP/1.1
Host: localhost:{port}
User-Agent: {agent}
Content-Length: {length}
{headers}Accept-Encoding: gzip

"""
CURL = """POST {path} HTTP/1.1
Host: localhost:{port}
User-Agent: acme.sh/3.1.1 (https://github.com/acmesh-official/acme.sh)
{headers}Content-Length: {length}

"""
NO_LENGTH = """POST {path} HTTP/1.1
Host: localhost:{port}
User-Agent: acme.sh/2.8.2 (https://github.com/Neilpang/acme.sh)
Accept: */*

"""
POWERSHELL = """POST {path} HTTP/1.1
Host: localhost:{port}
User-Agent: Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.20348; en-GB) PowerShell/7.4.6
Accept-Encoding: gzip, deflate, br
{headers}Content-Length: {length}

"""
DOTNET = """POST {path} HTTP/1.1
Host: localhost:{port}
{headers}Content-Length: {length}

"""
PYTHON = """POST {path} HTTP/1.1
Host: localhost:{port}
User-Agent: python-requests/2.32.3
Accept-Encoding: gzip, deflate
Accept: */*
Connection: keep-alive
{headers}Content-Length: {length}

"""
JSON = "Content-Type: application/json\n"
FORM = "Content-Type: application/x-www-form-urlencoded\n"
BASIC = "Authorization: {basic}\n"
API_KEY = "X-Api-Key: {key}\nX-Api-User: {user}\n"
FQDN = "_acme-challenge.client.example.com."


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("clients"),
               settings={"zone": ZONE, "registration": "open"}) as running:
        yield running


def send(stack, request, path, body, agent="Go-http-client/1.1", headers=""):
    """Send exactly these octets; return status, headers and body as text."""
    head = request.format(path=path, port=stack.https_port, length=len(body), agent=agent, headers=headers)
    context = ssl.create_default_context(cafile=str(stack.ca_cert))
    with socket.create_connection(("localhost", stack.https_port), timeout=20) as tcp, \
            context.wrap_socket(tcp, server_hostname="localhost") as tls:
        tls.sendall((head.replace("\n", "\r\n") + body).encode())
        answer = b""
        while True:
            more = tls.recv(65536)
            answer += more
            top, found, text = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", top + b"\r\n")
            chunked = b"chunked" in top.lower()
            if not more or found and (chunked and text.endswith(b"0\r\n\r\n")
                                      or length and len(text) >= int(length[1])):
                break
    if chunked:
        text = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n", text, re.S))
    return int(top.split()[1]), top.decode().lower(), text.decode()


def lego_accepts(status, text, value):
    return status < 400


def caddy_accepts(status, text, value):
    """It decodes the echo, whatever the case of its keys, and compares both values."""
    members = {k.lower(): v for k, v in json.loads(text).items()}
    return status == 200 and members["fqdn"] == FQDN and members["value"] == value


def acme_sh_accepts(status, text, value):
    """It ignores the status."""
    return f'"{value}"' in text


# Request, headers, body, and what the client accepts; {basic} and {value} are filled in.
PRESENTERS = {
    "lego, Traefik": (GO, BASIC + JSON, '{"fqdn":"%s","value":"{value}"}\n' % FQDN, lego_accepts),
    "lego, Traefik: RAW": (GO, BASIC + JSON, '{"domain":"client.example.com","token":"token",'
                           '"keyAuth":"%s"}\n' % KEY_AUTH, lego_accepts),
    "Caddy": (GO, "Accept: application/json\n" + BASIC + JSON,
              '{"FQDN":"%s","Value":"{value}"}\n' % FQDN, caddy_accepts),
    "acme.sh, Proxmox, OPNsense": (CURL, BASIC + "Accept: application/json\n" + JSON,
                                   '{"fqdn": "%s", "value": "{value}"}' % FQDN, acme_sh_accepts),
}


@functools.cache
def secret_for(stack, name):
    return create_by_command(stack, name)


@pytest.mark.parametrize("client", PRESENTERS)
@pytest.mark.parametrize("prefix", ["", "/acme"])
def test_present_and_cleanup(opened, client, prefix):
    request, headers, body, accepts = PRESENTERS[client]
    value = KEY_AUTH_VALUE if "RAW" in client else VALUE
    name, dnsq = "client.example.com", Dns(opened)
    secret = secret_for(opened, name)
    body = body.replace("{value}", value)
    right, wrong = (headers.format(basic=basic_auth(name, s)["Authorization"]) for s in (secret, "0" * 32))
    status, _, text = send(opened, request, prefix + "/present", body, headers=wrong)
    assert status == 401 and f'"{value}"' not in text
    assert dnsq.texts(name) == []
    for operation, left in (("/present", [value]), ("/cleanup", []), ("/cleanup", [])):
        status, top, text = send(opened, request, prefix + operation, body, headers=right)
        assert accepts(status, text, value), (operation, status, text)
        assert "content-encoding" not in top
        assert dnsq.texts(name) == left


def read_as_acme_sh(text):
    return {key: re.search(r'^{.*"%s":[ ]*"([^"]*)".*}' % key, text)[1]
            for key in ("username", "password", "subdomain", "fulldomain")}


# Request, headers and body to register; the same to update; how the client reads the registration.
AGENT = "goacmedns (linux; amd64)"
REGISTRARS = {
    "lego, Traefik, cert-manager": ((GO, JSON, "null"), (GO, JSON + API_KEY, '{"SubDomain":"{sub}","Txt":"{value}"}'),
                                    json.loads),
    "goacmedns with networks": ((GO, JSON, '{"AllowFrom":["127.0.0.0/8","2001:db8::/32"]}'),
                                (GO, JSON + API_KEY, '{"SubDomain":"{sub}","Txt":"{value}"}'), json.loads),
    "acme.sh": ((CURL, "Accept: */*\n" + FORM, ""),
                (CURL, "Accept: */*\nX-Api-User: {user}\nX-Api-Key: {key}\n" + FORM,
                 '{"subdomain":"{sub}", "txt": "{value}"}'), read_as_acme_sh),
    "acme.sh, an old version": ((NO_LENGTH, "", ""),
                                (CURL, "Accept: */*\nX-Api-User: {user}\nX-Api-Key: {key}\n" + FORM,
                                 '{"subdomain":"{sub}", "txt": "{value}"}'), read_as_acme_sh),
    "Posh-ACME": ((POWERSHELL, JSON, "{}"), (POWERSHELL, API_KEY + FORM, '{"txt":"{value}","subdomain":"{sub}"}'),
                  json.loads),
    "win-acme": ((DOTNET, "Authorization: Basic\nContent-Type: text/plain; charset=utf-8\n", ""),
                 (DOTNET, "Authorization: Basic\n" + API_KEY + "Content-Type: application/json; charset=utf-8\n",
                  '{"subdomain":"{sub}","txt":"{value}"}'), json.loads),
    "pyacmedns, certbot's hook": ((PYTHON, "", ""),
                                  (PYTHON, "X-Api-User: {user}\nX-Api-Key: {key}\n" + JSON,
                                   '{"subdomain": "{sub}", "txt": "{value}"}'), json.loads),
    "pyacmedns with networks": ((PYTHON, "", '{"allowfrom": ["127.0.0.0/8"]}'),
                                (PYTHON, "X-Api-User: {user}\nX-Api-Key: {key}\n" + JSON,
                                 '{"subdomain": "{sub}", "txt": "{value}"}'), json.loads),
}


@pytest.mark.parametrize("client", REGISTRARS)
def test_register_and_update(opened, client):
    (request, headers, body), (update, update_headers, update_body), read = REGISTRARS[client]
    status, _, text = send(opened, request, "/register", body, AGENT, headers)
    assert status == 201, text
    who = read(text)
    assert who["fulldomain"] == who["subdomain"] + ".auth.example.org"
    body = update_body.replace("{sub}", who["subdomain"]).replace("{value}", VALUE)
    for key, want, left in (("x" * 40, 401, []), (who["password"], 200, [VALUE])):
        headers = update_headers.format(user=who["username"], key=key)
        status, _, text = send(opened, update, "/update", body, AGENT, headers)
        assert (status, f'"{VALUE}"' in text) == (want, want == 200)
        assert Dns(opened).txt_at(who["fulldomain"]) == left
    assert json.loads(text) == {"txt": VALUE}

