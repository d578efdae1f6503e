# The application, without a root user, on the Python and the versions that it is tested with.
#
#   docker build -t distribu .
#   docker run --rm -v distribu:/app/instance distribu flask db upgrade
#   docker run -p 8000:8000 -v distribu:/app/instance distribu
#
# With no setting everything runs embedded and is kept in the volume; compose.yaml has the rest.

FROM python:3.11-slim-bookworm AS distribu

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 10001 distribu \
    && install --directory --owner distribu /app/instance
WORKDIR /app

# The packages first: they change less often than the code.
COPY requirements/ requirements/
RUN pip install --root-user-action=ignore --require-hashes \
    -r requirements/base.txt -r requirements/postgres.txt -r requirements/redis.txt
COPY setup.cfg pyproject.toml LICENSE ./
RUN mkdir distribu && touch distribu/__init__.py \
    && pip install --root-user-action=ignore --no-deps --no-build-isolation --editable .
COPY . .
# Style sheets and scripts, compressed once; the command wants an instance, and keeps none.
RUN DISTRIBU_INSTANCE=/tmp/instance flask --app wsgi static compress && rm -r /tmp/instance

USER distribu
VOLUME /app/instance
EXPOSE 8000
HEALTHCHECK --interval=10s --start-period=30s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENV FLASK_APP=wsgi
CMD ["flask", "serve", "--host", "0.0.0.0"]


# MinIO publishes no images any more: the version that the tests use, from its source.
FROM golang:1.26-alpine AS minio-build

RUN CGO_ENABLED=0 go install \
    github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

FROM alpine:3.22 AS minio

RUN adduser -D -u 10001 minio && install -d -o minio /data
COPY --from=minio-build /go/bin/minio /usr/local/bin/minio

USER minio
VOLUME /data
EXPOSE 9000
HEALTHCHECK --interval=5s --start-period=10s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9000/minio/health/ready"]
CMD ["minio", "server", "/data", "--address", ":9000", "--quiet"]
