# make run     the application with a demo company, on http://127.0.0.1:8000
# make test    every test, on the real servers that this machine has or can get
# make help    the rest

PYTHON ?= python3
PORT ?= 8000
# The image store of make run: a directory, or minio.
STORE ?= directory
# More for pytest, as in: make test ARGS="-k outbox"
ARGS ?=
# How long make soak uses each kind of shop.
MINUTES ?= 10

ENVIRONMENT = $(PYTHON) tools/bootstrap.py
IN_VENV = .venv/bin/python -m
COMPRESS = $(IN_VENV) flask --app wsgi static compress
SERVE = $(IN_VENV) flask --app wsgi serve --demo --port $(PORT)

# The tests start hundreds of Pythons, and each would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run run-on-directory run-on-minio test quick browsers fuzz image servers spreadsheets \
  lint format bench drop lock clean clients faults soak mutants styles lighthouse

help:
	@echo 'make run               the application with a demo company, on http://127.0.0.1:$(PORT)'
	@echo 'make run PORT=8001     the same on another port'
	@echo 'make run STORE=minio   the same with its images on a real MinIO'
	@echo 'make test              every test; what servers it lacks are got or skipped'
	@echo 'make test ARGS="..."   the same with more arguments for pytest'
	@echo 'make quick             the tests that need no application, server or browser'
	@echo 'make browsers          generated files against Chromium, photographs in the form, drops of hundreds of files'
	@echo 'make fuzz              the readers of files against bytes that nobody meant, until stopped'
	@echo 'make image             the container image, built and tried, where an engine is there'
	@echo 'make faults            every fault at every call, death at every point, 20,000 steps, 1,000 races'
	@echo 'make soak              real processes and 20 clients while parts and processes fail; then an audit'
	@echo 'make mutants           the image core changed in one place at a time; tells what no test notices'
	@echo 'make lighthouse        Lighthouse as a phone on the demo shop, the median of five runs'
	@echo 'make styles            the style sheets anew, cut to what the pages use'
	@echo 'make lint              ruff, mypy and both OpenAPI documents; make format repairs what it can'
	@echo 'make spreadsheets      an export through LibreOffice in several locales, where it is installed'
	@echo 'make clients           published clients of Squarespace'\''s API, in Go and Ruby, against this one'
	@echo 'make bench             the benchmarks, as ratios against something run beside them'
	@echo 'make drop              300 photographs and 3,000 tiny files in one drop, with time and memory'
	@echo 'make lock              requirements/ anew, with the newest versions and their hashes'
	@echo 'make clean             the environment and caches away; what make run keeps stays'

run: run-on-$(STORE)

run-on-directory:
	@$(ENVIRONMENT)
	@$(COMPRESS)
	@exec $(SERVE)

run-on-minio:
	@$(ENVIRONMENT)
	@$(COMPRESS)
	@tools/get-servers minio
	@exec .venv/bin/python tools/with_minio.py $(SERVE)

run-on-%:
	@echo 'There is no STORE=$*: it is directory or minio.' >&2; exit 2

# MinIO is built beside the rest; the tests that need it come last and wait for it.
servers:
	@tools/get-servers

test: servers
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest -n 2 --dist loadgroup $(ARGS)

# The tests that need no application, server or browser: for the inner loop.
quick:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest -q --quick $(ARGS)

browsers: servers
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest tests/browser/differential.py tests/browser/photographs.py \
	    tests/browser/drops.py tests/browser/firefox.py $(ARGS)

fuzz:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest tests/images/test_fuzz.py --hypothesis-profile=fuzz --timeout 0 $(ARGS)

# The last lines of each run say how many cells hold, and how much was walked and played. Each test
# takes as long as it needs.
faults: servers
	@$(ENVIRONMENT) postgres redis test
	@FAULTS_STEPS=20000 $(IN_VENV) pytest -v -n 2 --dist worksteal --timeout 0 \
	    tests/faults/every_cell.py tests/faults/test_machine.py $(ARGS)
	@FAULTS_POINTS=all $(IN_VENV) pytest -v -n 2 --dist worksteal --timeout 0 \
	    tests/images/test_crash.py tests/images/test_move_crash.py tests/importing/test_import_crash.py \
	    tests/commerce/test_killed_worker.py tests/releases
	@FAULTS_ROUNDS=1000 $(IN_VENV) pytest -s --timeout 0 tests/faults/test_races.py

# On what ARGS names, embedded or servers; on both, one after the other, without.
soak: servers
	@$(ENVIRONMENT) postgres redis test
	@SOAK_MINUTES=$(MINUTES) $(IN_VENV) tests.faults.soak $(ARGS)

# Two at a time; what was found is kept in .mutants, and a run after it tries what is left.
mutants: servers
	@$(ENVIRONMENT) postgres redis test
	@.venv/bin/python tools/mutants.py $(ARGS)

# LibreOffice opens and saves an export; apt-get install libreoffice-calc-nogui brings it.
spreadsheets:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest -rs tests/importing/test_spreadsheets.py

image:
	@$(PYTHON) tools/image.py

# What is missing of Go, Ruby (apt-get install ruby-faraday-middleware) and the packages is skipped.
clients:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) pytest -rs tests/clients/published_clients.py $(ARGS)

# It needs npm, which gets Lighthouse, and Chromium; without them it says so.
lighthouse:
	@$(ENVIRONMENT) bench postgres redis test
	@.venv/bin/python tests/bench/lighthouse.py

styles:
	@$(ENVIRONMENT) postgres redis test
	@.venv/bin/python tools/cut_styles.py

lint:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) ruff check
	@$(IN_VENV) ruff format --check
	@$(IN_VENV) mypy
	@set -e; folder=$$(mktemp -d); .venv/bin/python tools/openapi_documents.py $$folder; \
	for document in $$folder/*; do $(IN_VENV) openapi_spec_validator --schema 3.1 $$document; done; \
	tools/spectral $$folder/*; rm -r $$folder

format:
	@$(ENVIRONMENT) postgres redis test
	@$(IN_VENV) ruff check --fix
	@$(IN_VENV) ruff format

bench: servers
	@$(ENVIRONMENT) bench postgres redis test
	@set -e; for script in tests/bench/[a-z]*.py; do .venv/bin/python "$$script"; done

# 300 photographs, then 3,000 tiny files. ARGS="photographs 40 postgres" takes others.
drop: servers
	@$(ENVIRONMENT) bench postgres redis test
	@.venv/bin/python tests/bench/many_images.py $(or $(ARGS),photographs)
	@$(if $(ARGS),,.venv/bin/python tests/bench/many_images.py tiny)

lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet 'uv < 1'
	.venv-lock/bin/python tools/lock.py
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock static/published *.egg-info .hypothesis .pytest_cache .ruff_cache .mutants \
	    test-results
	find . -name __pycache__ -not -path './instance/*' -prune -exec rm -rf {} +
