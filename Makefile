# `make run` serves the demo; `make test` is what CI does; bare `make` is lint and test.
PY := .venv/bin/python
SEEDS := 30000
.PHONY: check run test bench test-long test-faults screenshots demo-sync schemas lock sbom clean setup lint

check: test
setup:
	@bash .ci/setup run
run: setup
	@.venv/bin/arxos serve --demo
lint: setup
	@.venv/bin/ruff check .
test:
	@bash .ci/setup test
	@bash .ci/checks
test-long:
	@bash .ci/setup test
	@ARXOS_SIM_SEEDS=$(SEEDS) $(PY) -m pytest -m long || [ $$? -eq 5 ] # 5: no test is marked long
test-faults: # needs root: it mounts disks, cuts their power and unplugs networks
	@bash .ci/setup test
	@$(PY) -m pytest -m faults
bench: # ONLY=W2,W6 SIZE=20000 TIMES=1
	@bash .ci/setup bench
	@$(PY) -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE)) $(if $(TIMES),--times $(TIMES))
screenshots: # every page, phone to desktop, light and dark, into var/screenshots
	@bash .ci/setup test
	@$(PY) -m tests.browser.screenshots
demo-sync: setup
	@$(PY) -m tests.demo_sync
schemas: setup
	@$(PY) -m schemas.make
lock: setup
	@.venv/bin/pip install -q uv
	@.venv/bin/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header \
	  --generate-hashes --extra test --extra build --extra encryption pyproject.toml -o requirements.lock -q
	@cd pwa && npm install --package-lock-only --ignore-scripts
	@cd tests/bench/peers && npm install --package-lock-only --ignore-scripts
sbom: # what is locked, as CycloneDX
	@bash .ci/setup test
	@$(PY) .ci/sbom.py build/sbom.json
	@echo build/sbom.json
clean:
	rm -rf .venv build *.egg-info pwa/vendor pwa/node_modules tests/bench/peers/node_modules .pytest_cache .ruff_cache
