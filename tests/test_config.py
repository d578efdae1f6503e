"""The settings, from the environment and from nothing."""

import pytest

from distribu import config
from distribu.config import ensure_secret_key, load_config
from distribu.images.store import open_store


@pytest.mark.parametrize("name", ["plain", "two words", "50%41", "#1?", "Käse"])
def test_the_store_lies_in_the_instance_folder_whatever_its_name(tmp_path, name):
    instance = tmp_path / name
    open_store(load_config({"DISTRIBU_INSTANCE": str(instance)})["IMAGE_STORE_URL"]).prepare()
    assert (instance / "store").is_dir()


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
