"""compose.yaml, read: each part is confined, watched and bounded, and no secret stands in it.

compose-spec.json is the schema of the Compose Specification, as compose-go
2.16.2 has it (github.com/compose-spec/compose-go, Apache License 2.0).
"""

import json
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


@pytest.fixture(params=SERVICES)
def service(request) -> dict:
    return SERVICES[request.param]


def faults(compose: dict) -> list[str]:
    schema = json.loads((ROOT / "tests" / "compose-spec.json").read_text(encoding="utf-8"))
    found = Draft202012Validator(schema).iter_errors(compose)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_it_is_what_the_specification_describes():
    assert faults(COMPOSE) == []


def test_the_specification_knows_no_other_words():
    web = SERVICES["web"] | {"mem_limits": "3g"}
    assert len(faults(COMPOSE | {"services": {"web": web}})) == 1


def test_every_part_is_confined(service):
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["init"]


def test_every_part_is_bounded(service):
    assert service["mem_limit"]
    assert service["pids_limit"] > 0


def test_every_part_says_whether_it_is_well_or_why_not(service):
    watched = service["healthcheck"]
    assert watched.get("disable") or watched["test"]


def test_only_nginx_is_reached_from_outside_and_on_this_machine_alone():
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    # The port of nginx, in whose network the pages are.
    assert SERVICES["nginx"]["network_mode"] == "service:web"
    assert ports == {"web": ["127.0.0.1:8000:8080"]}


def test_images_are_named_by_tag(service):
    name, _, tag = service["image"].rpartition(":")
    assert name
    assert tag


@pytest.fixture
def secrets(tmp_path) -> Path:
    """A folder that deploy/make-secrets made."""
    folder = tmp_path / "secrets"
    subprocess.run([ROOT / "deploy" / "make-secrets", folder], check=True, capture_output=True)
    return folder


def test_secrets_are_files_that_are_made_and_given_to_those_who_read_them(secrets, service):
    declared = {name: Path(one["file"]).name for name, one in COMPOSE["secrets"].items()}
    assert {path.name for path in secrets.iterdir()} == set(declared.values())
    read = {
        Path(value).name
        for name, value in service.get("environment", {}).items()
        if name.endswith("_FILE")
    }
    assert read == set(service.get("secrets", []))
    assert read <= set(declared)


def test_no_secret_is_in_the_environment(service):
    words = ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL", "STORE_URL")
    environment = service.get("environment", {})
    assert [
        name
        for name in environment
        if any(word in name for word in words) and not name.endswith("_FILE")
    ] == []


def test_the_addresses_hold_the_passwords_of_their_servers(secrets):
    def content(name: str) -> str:
        return (secrets / name).read_text(encoding="ascii")

    assert f":{content('postgres_password')}@postgres/" in content("database_url")
    assert f":{content('minio_password')}@minio:9000/" in content("image_store_url")
    assert len(content("secret_key")) >= 32
    assert len({content(name) for name in COMPOSE["secrets"]}) == len(COMPOSE["secrets"])


def test_secrets_are_nobody_elses_and_never_made_anew(secrets):
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    again = subprocess.run([ROOT / "deploy" / "make-secrets", secrets], capture_output=True)
    assert again.returncode == 1
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
