"""An image store in a bucket of MinIO or any other server that speaks S3."""

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, BinaryIO, cast
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit
from xml.etree.ElementTree import ParseError

from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name
from minio.versioningconfig import ENABLED, SUSPENDED
from ulid import ULID
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError
from urllib3.response import BaseHTTPResponse

from . import bounded_http, bucket_policy
from .contract import (
    INSTALLATION_ID,
    MAX_OBJECT_BYTE_SIZE,
    PRIVATE,
    PUBLIC,
    ImageStore,
    ObjectNotFound,
    StoredObject,
    StoreError,
    StoreFull,
    StoreMisconfigured,
    StoreUnavailable,
    check_key,
    check_listed,
    check_prefix,
    check_range,
    rewind,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A bucket with suspended versioning keeps the versions that it already has.
_VERSIONED = (ENABLED, SUSPENDED)
_BUFFER_BYTE_SIZE = 64 * 1024
_FOREVER = "public, max-age=31536000, immutable"
_NEVER = "private, no-store"
_URL_FORM = (
    "Set DISTRIBU_IMAGE_STORE_URL to s3+http://key:secret@host:9000/bucket, or s3+https://...,"
    " with key and secret percent-encoded, and a bucket of 3 to 63 lower-case letters, digits"
    " and hyphens; ?region= and ?policy=keep may follow."
)
_TLS_HINT = (
    "Use s3+http if the store speaks no TLS, or make this machine trust its certificate"
    " (SSL_CERT_FILE)."
)
_NO_POLICY_HINT = "Add ?policy=keep to DISTRIBU_IMAGE_STORE_URL; the app serves the images itself."
_REGION_HINT = "Add the bucket's region to DISTRIBU_IMAGE_STORE_URL, as in ?region=eu-west-1."
# Error codes of MinIO and Ceph.
_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"}
_HINTS = {
    "AccessDenied": "Check the secret, and let the key list, read, write and delete in the bucket,"
    " and read and set its policy and versioning.",
    "AuthorizationHeaderMalformed": _REGION_HINT,
    "InvalidAccessKeyId": "Check the key in DISTRIBU_IMAGE_STORE_URL: the server does not know it.",
    "MethodNotAllowed": _NO_POLICY_HINT,
    "NoSuchBucket": "Run flask check to have the bucket made, or name one that exists.",
    "NotImplemented": _NO_POLICY_HINT,
    "PermanentRedirect": _REGION_HINT,
    "RequestTimeTooSkewed": "Set the clock of this machine, or of the store.",
    "SignatureDoesNotMatch": "Check the secret in DISTRIBU_IMAGE_STORE_URL, percent-encoded.",
}


class MinioStore(ImageStore):
    """Objects in a bucket, each written by one PUT.

    If the bucket keeps versions, a delete removes them all. A server may
    still finish a put that the client has given up on; no client can
    prevent that, and flask images doctor finds the object.
    """

    PUT_SECONDS = bounded_http.longest_request()

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        key: str,
        secret: str,
        *,
        secure: bool = False,
        region: str = "us-east-1",
        keeps_policy: bool = False,
    ):
        """Connect lazily.

        endpoint: host or host:port. keeps_policy: leave the bucket's policy alone.
        """
        self._endpoint, self._bucket, self._region = endpoint, bucket, region
        self._key, self._secret, self._secure = key, secret, secure
        self._keeps_policy = keeps_policy
        self._connect()

    @classmethod
    def from_url(cls, url: str) -> "MinioStore":
        try:
            return cls._from_parts(urlsplit(url))
        except ValueError:
            # Its text may hold the secret, so it is neither shown nor chained.
            raise StoreMisconfigured(
                "The address of the image store cannot be read.", _URL_FORM
            ) from None

    @classmethod
    def _from_parts(cls, parts: SplitResult) -> "MinioStore":
        credentials, _, endpoint = parts.netloc.rpartition("@")
        key, _, secret = credentials.partition(":")
        bucket = parts.path.removeprefix("/").removesuffix("/")
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        region, policy = options.pop("region", "us-east-1"), options.pop("policy", "set")
        is_complete = key and secret and parts.hostname and bucket and "/" not in bucket
        if not is_complete or options or policy not in ("set", "keep") or parts.fragment:
            raise ValueError("incomplete")
        check_bucket_name(bucket, strict=True)
        return cls(
            endpoint,
            bucket,
            unquote(key),
            unquote(secret),
            secure=parts.scheme == "s3+https",
            region=region,
            keeps_policy=policy == "keep",
        )

    def __str__(self) -> str:
        return f"the bucket {self._bucket} at {self._endpoint}"

    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        check_key(key)
        byte_size = rewind(file)
        with self._translated(key):
            self._client.put_object(
                bucket_name=self._bucket,
                object_name=key,
                # The client declares BinaryIO but only needs IO[bytes].
                data=cast(BinaryIO, file),
                length=byte_size,
                content_type=content_type,
                metadata={"Cache-Control": _cache_control(key)},
                # One part: an interrupted multipart upload would stay in the bucket unlisted.
                part_size=MAX_OBJECT_BYTE_SIZE,
            )

    def open(self, key: str, start: int = 0, length: int | None = None) -> IO[bytes]:
        check_key(key)
        check_range(start, length)
        if length == 0:
            self.stat(key)
            return io.BytesIO()
        with self._translated(key):
            try:
                response = self._client.get_object(
                    bucket_name=self._bucket, object_name=key, offset=start, length=length or 0
                )
            except S3Error as error:
                if error.code == "InvalidRange":
                    return io.BytesIO()
                raise
        return io.BufferedReader(_Body(response, partial(self._translated, key)), _BUFFER_BYTE_SIZE)

    def stat(self, key: str) -> StoredObject:
        check_key(key)
        try:
            with self._translated(key):
                found = self._client.stat_object(bucket_name=self._bucket, object_name=key)
        except ObjectNotFound:
            # The answer to HEAD has no body: a missing bucket looks like a missing object.
            with self._translated(key):
                self._ask_for_bucket()
            raise
        # None only in a listing; HEAD always returns it.
        assert found.size is not None
        return StoredObject(key, found.size)

    def delete_prefix(self, prefix: str) -> None:
        check_prefix(prefix, shortest=2)
        self._delete(prefix, lambda key: True)

    def delete(self, key: str) -> None:
        check_listed(key)
        self._delete(key, lambda found: found == key)

    def _delete(self, prefix: str, is_meant: Callable[[str], bool]) -> None:
        """Delete every version of the objects under prefix whose key is meant."""
        with self._translated(prefix):
            doomed = [
                DeleteObject(found.object_name, found.version_id)
                for found in self._client.list_objects(
                    bucket_name=self._bucket,
                    prefix=prefix,
                    recursive=True,
                    include_version=self._keeps_versions(),
                )
                if is_meant(found.object_name)
            ]
            for failure in self._client.remove_objects(
                bucket_name=self._bucket, delete_object_list=doomed
            ):
                told = f"{self} did not delete {failure.name!r}: {failure.code}, {failure.message}"
                if failure.code in _HINTS:
                    raise StoreMisconfigured(told, _HINTS[failure.code])
                raise StoreUnavailable(told)

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        check_prefix(prefix)
        with self._translated(prefix):
            for found in self._client.list_objects(
                bucket_name=self._bucket,
                prefix=prefix,
                recursive=True,
                start_after=after or None,
            ):
                yield StoredObject(found.object_name, found.size)

    def is_read_by_everyone(self, key: str) -> bool | None:
        if self._keeps_policy:
            return None
        scheme = "https" if self._secure else "http"
        url = f"{scheme}://{self._endpoint}/{self._bucket}/{quote(key)}"
        with self._translated(key):
            return self._http.request("GET", url).status == HTTPStatus.OK

    def prepare(self) -> None:
        with self._translated(self._bucket):
            try:
                self._ask_for_bucket()
            except S3Error as error:
                if error.code != "NoSuchBucket":
                    raise
                self._make_bucket()
            if not self._keeps_policy:
                self._publish_images()

    def installation_id(self) -> str:
        with self._translated(INSTALLATION_ID):
            try:
                return self._read_installation_id()
            except ObjectNotFound:
                self._put_if_absent(INSTALLATION_ID, str(ULID()).encode())
            # Another process may have been first: what is stored counts.
            return self._read_installation_id()

    def _read_installation_id(self) -> str:
        with self.open(INSTALLATION_ID) as file:
            return file.read().decode()

    def _put_if_absent(self, key: str, body: bytes) -> None:
        # The client cannot send conditions itself, but it can sign a URL for a request that does.
        expires = timedelta(seconds=int(self.PUT_SECONDS))
        url = self._client.presigned_put_object(
            bucket_name=self._bucket, object_name=key, expires=expires
        )
        response = self._http.request("PUT", url, body=body, headers={"If-None-Match": "*"})
        if response.status not in (HTTPStatus.OK, HTTPStatus.PRECONDITION_FAILED):
            raise S3Error.fromxml(response)

    def _ask_for_bucket(self) -> None:
        """Raise S3Error if the bucket is missing or refuses; unlike HEAD, the error says which."""
        any(self._client.list_objects(bucket_name=self._bucket, prefix=INSTALLATION_ID))

    def _make_bucket(self) -> None:
        try:
            self._client.make_bucket(bucket_name=self._bucket, location=self._region)
        except S3Error as error:
            if error.code == "BucketAlreadyOwnedByYou":
                return
            raise StoreMisconfigured(
                f"There is no {self}, and it cannot be made: {error.message}",
                "Make it, or let the key do so.",
            ) from error

    def _publish_images(self) -> None:
        """Let everyone read images/. Raises StoreMisconfigured if everyone may read incoming/."""
        policy = self._policy()
        if bucket_policy.lets_everyone_read(policy, self._bucket, PRIVATE):
            raise StoreMisconfigured(
                f"The policy of {self} lets everyone read uploads as they came, with their"
                " metadata.",
                f"Restrict it to {PUBLIC}*, or name another bucket.",
            )
        if not bucket_policy.lets_everyone_read(policy, self._bucket, PUBLIC):
            wanted = bucket_policy.publish(policy, self._bucket, PUBLIC)
            self._client.set_bucket_policy(bucket_name=self._bucket, policy=json.dumps(wanted))

    def _policy(self) -> bucket_policy.Policy:
        try:
            text = self._client.get_bucket_policy(bucket_name=self._bucket)
            policy: bucket_policy.Policy = json.loads(text)
            return policy
        except S3Error as error:
            if error.code == "NoSuchBucketPolicy":
                return {}
            raise

    def _keeps_versions(self) -> bool:
        # Asked each time: an administrator may switch it on while this process runs.
        try:
            found = self._client.get_bucket_versioning(bucket_name=self._bucket)
            return found.status in _VERSIONED
        except S3Error as error:
            if error.code == "NotImplemented":
                return False
            raise

    @property
    def _client(self) -> Minio:
        # Two processes on one connection would read each other's responses.
        if self._pid != os.getpid():
            self._connect()
        return self._minio

    def _connect(self) -> None:
        self._http = bounded_http.new_connections()
        self._minio = Minio(
            endpoint=self._endpoint,
            access_key=self._key,
            secret_key=self._secret,
            secure=self._secure,
            region=self._region,
            http_client=self._http,
        )
        self._pid = os.getpid()

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Translate the client's errors in the block into the matching StoreError."""
        try:
            yield
        except S3Error as error:
            raise self._as_store_error(error, what) from error
        # ParseError and ValueError: the client could not parse the response.
        except (HTTPError, MinioException, OSError, ParseError, ValueError) as error:
            # The text of a MaxRetryError shows the URL, which may be a signed one.
            reason = error.reason if isinstance(error, MaxRetryError) else error
            told = f"{self} failed at {what!r}: {reason}"
            if isinstance(reason, SSLError):
                raise StoreMisconfigured(told, _TLS_HINT) from error
            raise StoreUnavailable(told) from error

    def _as_store_error(self, error: S3Error, what: str) -> StoreError:
        if error.code == "NoSuchKey":
            return ObjectNotFound(f"There is no object {what!r} in {self}.")
        told = f"{self} refused {what!r}: {error.code}, {error.message}"
        if error.code in _FULL:
            return StoreFull(told)
        if error.code in _HINTS:
            return StoreMisconfigured(told, _HINTS[error.code])
        return StoreUnavailable(told)


class _Body(io.RawIOBase):
    """A response body that raises StoreError and returns its connection when closed."""

    def __init__(
        self, response: BaseHTTPResponse, translated: Callable[[], AbstractContextManager[None]]
    ):
        self._response, self._translated = response, translated

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        with self._translated():
            data = self._response.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


def _cache_control(key: str) -> str:
    return _FOREVER if key.startswith(PUBLIC) else _NEVER
