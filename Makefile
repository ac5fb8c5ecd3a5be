# Each target is what CI runs. The first use makes a virtual environment in .venv.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
DATA ?= data
FLOWER_PORT ?= 5555

.PHONY: demo up test lint bench clean

demo: $(READY)  ## a real campaign through every pool, then an end
	$(VENV)/bin/python examples/demo.py --data $(DATA)/demo --flower-port $(FLOWER_PORT)

up: $(READY)  ## the same stack, staying up; DEMO=1 for the demo's campaigns in it
ifdef DEMO
	$(VENV)/bin/python examples/demo.py --stay --data $(DATA)/demo --flower-port $(FLOWER_PORT)
else
	$(VENV)/bin/janitor-workers up --data $(DATA)/up --flower-port $(FLOWER_PORT)
endif

test: $(READY)  ## unit, integration and acceptance tests, against real servers
	$(VENV)/bin/python -m pytest -n logical --dist worksteal $(ARGS)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(READY)  ## speed, as ratios against a baseline in the same run
	$(VENV)/bin/python benchmarks/config.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build *.egg-info

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
