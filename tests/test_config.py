"""The settings, from the environment and from nothing."""

import pytest

from distribu import config
from distribu.config import BadSetting, check_settings, ensure_secret_key, load_config
from distribu.images.stores.by_url import open_store
from distribu.task_queue import open_huey


@pytest.mark.parametrize("name", ["plain", "two words", "50%41", "#1?", "Käse"])
def test_the_store_lies_in_the_instance_folder_whatever_its_name(tmp_path, name):
    instance = tmp_path / name
    open_store(load_config({"DISTRIBU_INSTANCE": str(instance)})["IMAGE_STORE_URL"]).prepare()
    assert (instance / "store").is_dir()


NUMBERS = [
    "DISTRIBU_DECODE_MEMORY_MB",
    "DISTRIBU_DECODE_PROCESSES",
    "DISTRIBU_IMAGES_PER_PRODUCT",
    "DISTRIBU_SPOOL_MB",
    "DISTRIBU_TRUSTED_PROXIES",
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["two", "-1", "1.5", "9" * 5000])
def test_what_is_no_number_is_told_by_its_name(name, text):
    with pytest.raises(BadSetting, match=f"{name} is .* not a whole number"):
        load_config({name: text})


def test_what_decodes_nothing_is_no_number_of_children():
    with pytest.raises(BadSetting, match="whole number of 1 or more"):
        load_config({"DISTRIBU_DECODE_PROCESSES": "0"})


def test_an_empty_number_is_one_that_is_not_set():
    empty = dict.fromkeys(NUMBERS, "")
    assert load_config(empty)["DECODE_PROCESSES"] == load_config({})["DECODE_PROCESSES"] == 2


@pytest.mark.parametrize("name", ["PUBLIC_URL", "IMAGE_BASE_URL", "PURGE_URL"])
@pytest.mark.parametrize("value", ["shop.test", "ftp://shop.test", "https://", "http://[::1"])
def test_what_is_no_address_is_a_problem(name, value):
    settings = load_config({f"DISTRIBU_{name}": value, "DISTRIBU_SECRET_KEY": "x" * 32})
    [problem] = check_settings(settings)
    assert problem.id == f"{name.lower().replace('_', '-')}-invalid"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/shop", "https://example.com/a/b/"])
def test_a_public_url_with_a_path_is_a_problem(url):
    settings = load_config({"DISTRIBU_PUBLIC_URL": url, "DISTRIBU_SECRET_KEY": "x" * 32})
    [problem] = check_settings(settings)
    assert problem.id == "public-url-path"
    assert ("/shop" in problem.message) or ("/a/b," in problem.message)


def test_a_slash_behind_the_public_url_is_none():
    assert check_settings(load_config({"DISTRIBU_PUBLIC_URL": "http://127.0.0.1:8000/"})) == []


@pytest.mark.parametrize(
    "url", ["postgresql://db/x", "sqlite://", "redis://[", "redis://:secret@host:port/0"]
)
def test_what_is_no_queue_is_told_without_its_password(url):
    with pytest.raises(BadSetting, match="DISTRIBU_QUEUE_URL is neither redis") as told:
        open_huey(url)
    assert "secret" not in str(told.value)


def interrupt(_byte_count):
    raise KeyboardInterrupt


class TestSecretKey:
    def test_is_made_once_and_is_nobody_elses_to_read(self, tmp_path):
        settings = {"SECRET_KEY": None, "INSTANCE": str(tmp_path / "instance")}
        key = ensure_secret_key(settings)
        assert len(key) == 64
        assert ensure_secret_key(settings) == key
        [path] = (tmp_path / "instance").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_of_two_processes_at_once_the_first_one_made_counts(self, tmp_path, monkeypatch):
        settings = {"SECRET_KEY": None, "INSTANCE": str(tmp_path)}

        def link(_new, path):
            path.write_text("made meanwhile")
            raise FileExistsError

        monkeypatch.setattr(config.os, "link", link)
        assert ensure_secret_key(settings) == "made meanwhile"

    def test_is_whole_after_a_crash(self, tmp_path, monkeypatch):
        settings = {"SECRET_KEY": None, "INSTANCE": str(tmp_path)}
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr(config.secrets, "token_urlsafe", interrupt)
            ensure_secret_key(settings)
        assert len(ensure_secret_key(settings)) == 64


def test_a_purge_address_that_is_wrong_keeps_its_password_to_itself():
    config = load_config({"DISTRIBU_PURGE_URL": "ftp://user:s3cret@cdn.example.com/?t=s3cret"})
    (problem,) = [one for one in check_settings(config) if one.id == "purge-url-invalid"]
    assert "s3cret" not in problem.message + problem.hint


class TestSecretsInFiles:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "secret"
        path.write_text("s3+http://key:secret@minio:9000/images\n")
        return path

    def test_a_file_stands_in_for_its_variable(self, file):
        config = load_config({"DISTRIBU_IMAGE_STORE_URL_FILE": str(file)})
        assert config["IMAGE_STORE_URL"] == "s3+http://key:secret@minio:9000/images"

    def test_an_empty_variable_is_one_that_is_not_set(self, file):
        environ = {"DISTRIBU_SECRET_KEY": "", "DISTRIBU_SECRET_KEY_FILE": str(file)}
        assert load_config(environ)["SECRET_KEY"] == file.read_text().strip()

    def test_both_are_refused_without_telling_either(self, file):
        environ = {"DISTRIBU_PURGE_TOKEN": "mine", "DISTRIBU_PURGE_TOKEN_FILE": str(file)}
        with pytest.raises(BadSetting, match="are both set") as refused:
            load_config(environ)
        assert "mine" not in str(refused.value)

    @pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
    def test_what_cannot_be_read_is_told(self, tmp_path, content):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadSetting, match="DISTRIBU_SECRET_KEY_FILE names"):
            load_config({"DISTRIBU_SECRET_KEY_FILE": str(path)})
