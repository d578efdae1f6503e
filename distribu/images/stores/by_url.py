"""Open the image store that a URL names."""

from .contract import ImageStore, StoreMisconfigured


def open_store(url: str) -> ImageStore:
    """Return the store at url, without contacting it yet.

    url: file:///directory, or s3+http://key:secret@host:9000/bucket, or
    s3+https://..., with key and secret percent-encoded.
    Raises StoreMisconfigured if url is neither.
    """
    scheme, _, _ = url.partition("://")
    if scheme == "file":
        # Import here, so that only those who use S3 load its client.
        from .directory import DirectoryStore

        return DirectoryStore.from_url(url)
    if scheme in ("s3+http", "s3+https"):
        from .s3 import MinioStore

        return MinioStore.from_url(url)
    raise StoreMisconfigured(
        "The address of the image store starts with neither file, s3+http nor s3+https.",
        "Set DISTRIBU_IMAGE_STORE_URL to file:///directory"
        " or s3+http://key:secret@host:9000/bucket.",
    )
