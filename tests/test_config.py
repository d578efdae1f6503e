"""The settings, from the environment and from nothing."""

import pytest

from distribu.config import load_config
from distribu.images.store import open_store


@pytest.mark.parametrize("name", ["plain", "two words", "50%41", "#1?", "Käse"])
def test_the_store_lies_in_the_instance_folder_whatever_its_name(tmp_path, name):
    instance = tmp_path / name
    open_store(load_config({"DISTRIBU_INSTANCE": str(instance)})["IMAGE_STORE_URL"]).prepare()
    assert (instance / "store").is_dir()
