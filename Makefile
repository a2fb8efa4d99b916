# `make demo` and `make test` are all that a newcomer needs; both may be run again and work offline after the first time.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DEMO := .venv/demo
# The default model of the catalogue, whatever the settings name: the demo is the same everywhere.
DEMO_MODEL := qwen2.5-coder-1.5b

.PHONY: help demo test check soak bench clean

help:
	@echo "make demo    install, fetch the default model, run one real task"
	@echo "make test    install, run the whole test suite"
	@echo "make check   format, lint, types and import contracts"
	@echo "make soak    the long tests"
	@echo "make bench   the figures of benchmarks/"
	@echo "make clean   remove the virtual environment"

# What is half made is taken away again, since make would take it for done.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not Python 3.11 or newer; install one and name it: make demo PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
		echo "No virtual environment could be made; on Debian and Ubuntu install python3-venv." >&2; exit 1; }

$(INSTALLED): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing; the first time llama.cpp is compiled, which takes about 5 minutes on 2 cores."
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/agentx models pull $(DEMO_MODEL)
	@rm -rf $(DEMO) && cp -r examples/demo $(DEMO)
	$(BIN)/agentx run "$$(cat examples/demo-task.txt)" --workspace $(DEMO) --allow all \
		--model $(DEMO_MODEL) --adapter none --tool list_files --tool read_file --tool calculate --tool write_file

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not soak"

# SOAK=slice is the fixed part that CI runs, in some three minutes; SOAK=full takes hours.
soak: export SOAK ?= full
soak: $(INSTALLED)
	$(BIN)/python -m pytest -m soak --durations=5

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.decoding
	$(BIN)/python -m benchmarks.tasks --split dev

clean:
	rm -rf .venv
