# Two commands do everything from a bare clone: `make demo` and `make test`.
# Both install what is missing first, and say what they install.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help demo test check install clean

help:
	@echo "make demo    simulated clusters, the bot and a Slack page in the browser; Ctrl-C ends it"
	@echo "make test    lint, types and every test"
	@echo "make check   the same as make test, without installing anything"
	@echo "make clean   remove node_modules"

demo: install
	@node src/main/cli.ts demo

test: install
	@scripts/install.sh chromium
	@npm run --silent check

check:
	@npm run --silent check

install:
	@scripts/install.sh node redis

clean:
	rm -rf node_modules
