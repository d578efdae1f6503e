"""tools/with_minio.py: a command on a MinIO of its own."""

import socket
import stat

import with_minio


def test_with_minio_makes_its_credentials_once_and_for_this_user_alone(tmp_path):
    file = tmp_path / "credentials"
    assert with_minio.credentials(file) == with_minio.credentials(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_with_minio_takes_another_port_where_its_own_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(with_minio, "USUAL_PORT", taken.getsockname()[1])
        assert with_minio.free_port() not in {with_minio.USUAL_PORT, 0}
