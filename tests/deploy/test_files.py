"""What is checked of the files in deploy/ without an engine to run them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from config.exposition import make_registry

PROJECT = Path(__file__).resolve().parents[2]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DASHBOARD = json.loads((PROJECT / "deploy" / "grafana" / "pub-network.json").read_text())
QUERIES = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def exported(django_db_setup, django_db_blocker):
    """The names under which anything can be asked for, samples or not."""
    with django_db_blocker.unblock():
        families = list(text_string_to_metric_families(generate_latest(make_registry()).decode()))
    return {family.name + suffix for family in families for suffix in SUFFIXES.get(family.type, ("",))} | {"up"}


def test_compose_has_every_part():
    assert set(SERVICES) == {
        "db", "redis", "prepare", "web-1", "web-2", "jobs", "nginx", "prometheus", "grafana",
    }  # fmt: skip
    assert SERVICES["web-1"] == SERVICES["web-2"]
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"prometheus", "grafana"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"prepare"}))
def test_every_lasting_service_is_asked_how_it_is_and_started_again(name):
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["healthcheck"]["retries"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_services_wait_for_what_they_need(name):
    conditions = SERVICES[name].get("depends_on", {})

    assert set(conditions) <= set(SERVICES)
    for needed, how in conditions.items():
        condition = how["condition"]
        assert condition != "service_healthy" or "healthcheck" in SERVICES[needed]
        assert (condition == "service_completed_successfully") == (needed == "prepare")


def test_only_the_door_is_open_to_others():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"nginx": ["${HTTP_PORT:-80}:8080"], "grafana": ["127.0.0.1:${GRAFANA_PORT:-3001}:3000"]}
    assert {name for name, service in SERVICES.items() if service["networks"] == ["back"]} == {"db", "redis"}
    assert COMPOSE["networks"]["back"] == {"internal": True}


def test_what_must_last_is_on_a_volume():
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert set(COMPOSE["volumes"]) == {name for name in mounted if not name.startswith(".")}
    assert all((PROJECT / name).exists() for name in mounted if name.startswith("."))


def test_no_password_is_written_down_or_has_a_default():
    text = (PROJECT / "docker-compose.yml").read_text()
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)([^}]*)\}", text)

    assert secrets
    assert all(rest.startswith(":?") for _, rest in secrets)
    assert all(set(secret) == {"environment"} for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            assert not re.search("PASSWORD|SECRET|TOKEN", name) or value.startswith(("${", "/run/secrets/"))
    for name in re.findall(r"://pubnetwork:([^@]*)@", text):
        assert name.startswith("${POSTGRES_PASSWORD:?")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name):
    image = SERVICES[name]["image"]

    assert image.startswith("pub-network:") or re.search(r":v?\d+\.\d+", image)


def test_a_server_has_the_time_it_takes_to_stop():
    seconds = int(SERVICES["web-1"]["stop_grace_period"].removesuffix("s"))

    assert seconds > 10


def test_the_image_is_pinned_and_does_not_run_as_root():
    lines = (PROJECT / "deploy" / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    (base,) = [line.split("=")[1] for line in lines if line.startswith("ARG PYTHON=")]

    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    assert [line.split()[1] for line in lines if line.startswith("FROM")] == ["${PYTHON}", "${PYTHON}"]
    assert users == ["10001"]
    assert lines[-1].startswith("CMD [")


def test_no_secret_and_no_test_gets_into_the_image():
    kept_out = (PROJECT / ".dockerignore").read_text().splitlines()

    assert {".*", "**/tests", "tests", "bench", "var"} <= set(kept_out)
    assert [line for line in kept_out if line.startswith("!")] == ["!.env.example"]


def test_prometheus_asks_every_server_itself():
    (web,) = yaml.safe_load((PROJECT / "deploy" / "prometheus.yml").read_text())["scrape_configs"]

    assert web["static_configs"] == [{"targets": ["web-1:8000", "web-2:8000"]}]
    assert web["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert SERVICES["prometheus"]["secrets"] == ["metrics_token"]


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_every_query_of_the_dashboard_names_what_is_exported(exported, title, query):
    named = set(re.findall(r"\b(?:pubnetwork|process|python)_\w+|\bup\b", query))

    assert named
    assert named <= exported


def test_what_is_exported_can_be_seen(db):
    """But for a few that only explain the others."""
    shown = " ".join(query for _, query in QUERIES)
    families = text_string_to_metric_families(generate_latest(make_registry()).decode())
    unseen = {family.name for family in families if family.name.startswith("pubnetwork_") and family.name not in shown}

    assert unseen == {"pubnetwork_build_info", "pubnetwork_database_pool_timeouts", "pubnetwork_job_last_run_seconds"}


def test_panels_do_not_overlap_and_have_names_of_their_own():
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["title"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
