"""What the files for servers name is there, and they agree with one another."""

import os
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import loads
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONTAINER = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ONE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
TWO = (ROOT / "deploy" / "compose.cluster.yaml").read_text(encoding="utf-8")
PROXY = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")


def test_what_is_copied_into_the_image_is_there_and_not_ignored() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", CONTAINER, re.MULTILINE)
    copied = {name for line in lines for name in line.split()[:-1]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    sources = project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert {name.split("/")[0] for name in sources} <= copied


def test_ports_and_folders_agree() -> None:
    (port,) = re.findall(r"^EXPOSE (\d+)$", CONTAINER, re.MULTILINE)
    assert f"STREAMLIT_SERVER_PORT={port}" in CONTAINER
    assert f'ports: ["{port}:{port}"]' in ONE
    assert "DIGIT_LAB_RUNS=/runs" in CONTAINER
    assert all('volumes: ["runs:/runs"]' in text for text in (ONE, TWO))
    servers = re.findall(r'STREAMLIT_SERVER_PORT: "(\d+)"', TWO)
    assert sorted(set(re.findall(r"server 127\.0\.0\.1:(\d+)", PROXY))) == servers
    (listens,) = re.findall(r"listen (\d+);", PROXY)
    assert f'ports: ["{listens}:{listens}"]' in TWO
    assert (ROOT / "deploy" / "nginx.conf").is_file() and "./nginx.conf:" in TWO


def test_the_proxy_lets_through_the_largest_upload() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    (most,) = re.findall(r"client_max_body_size (\d+)m;", PROXY)
    assert int(most) == config["server"]["maxUploadSize"] + 1  # with what the form adds


def test_a_visitor_stays_at_the_server_that_has_answered() -> None:
    first = re.findall(r"upstream (\w+) \{\s+server [\d.]+:(\d+);", PROXY)
    answered = PROXY.partition("map $upstream_addr $answered {")[2].partition("}")[0]
    assert dict(re.findall(r"~:(\d+)\$ (\w+);", answered)) == {port: name for name, port in first}
    assert 'Set-Cookie "digit_lab_server=$answered;' in PROXY


def test_all_that_the_image_runs_is_compiled_when_it_is_built() -> None:
    # What runs may write nothing, so each start would compile again what the build left out.
    (folder,) = re.findall(r"-m compileall -q (\S+)$", CONTAINER, re.MULTILINE)
    assert folder == "/usr/local/lib/python3.13"  # with Python's own library: it comes without
    assert "PYTHONDONTWRITEBYTECODE=1" in CONTAINER


# `streamlit run` up to its words at the start, with a network that lets nothing out.
GREETED = """
from streamlit import net_util
from streamlit.web import bootstrap, cli
net_util._make_blocking_http_get = lambda url, timeout=5: exit(f"{url} was asked")
bootstrap.run = lambda *words, **options: bootstrap._print_url(is_running_hello=False)
cli.main(["run", "app.py"])
"""


def test_a_container_asks_nobody_outside_before_it_answers() -> None:
    lines = re.findall(r"^ENV (.+)$", CONTAINER, re.MULTILINE)
    settings = dict(pair.split("=") for line in lines for pair in line.split())
    done = subprocess.run(
        [sys.executable, "-c", GREETED],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert done.stderr == "" and "http://localhost:8501" in done.stdout


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/_stcore/health", "/lab/_stcore/health") else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_containers_look_at_its_health_finds_a_server_and_misses_one() -> None:
    (words,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", CONTAINER, re.MULTILINE)
    command = [sys.executable, *loads(words)[1:]]
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = {"STREAMLIT_SERVER_PORT": str(server.server_port)}
        prefix = {"STREAMLIT_SERVER_BASE_URL_PATH": "/lab/"}
        other = {"STREAMLIT_SERVER_BASE_URL_PATH": "other"}
        found = [
            subprocess.run(command, env=port | more, capture_output=True).returncode
            for more in ({}, prefix, other)
        ]
        server.shutdown()
        thread.join()
    assert found == [0, 0, 1]
