# Every target does its own set-up on a fresh machine.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help

.PHONY: help demo picture dev test test-unit soak bench lint build pack binary archive images generate screenshots sbom licenses clean argocd-testdata

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

dist/connect-sso.js: node_modules/.installed $(shell find src crds -type f) scripts/build.mjs
	npm run --silent build

build: dist/connect-sso.js ## dist/connect-sso.js, the one program

pack: dist/connect-sso.js ## build/npm/connect-sso-VERSION.tgz, the npm package
	node scripts/pack.mjs

binary: node_modules/.installed ## build/binary/connect-sso, the program and Node in one file, for this machine
	node scripts/binary.mjs

archive: dist/connect-sso.js ## build/release/connect-sso_VERSION_OS_ARCH.tar.gz, the binary with its licences (NODE_LICENSE=file)
	node scripts/archive.mjs $(if $(NODE_LICENSE),--node-license $(NODE_LICENSE))

images: node_modules/.installed ## every container image that an installation pulls, for a mirror
	@node scripts/images.mjs

demo: dist/connect-sso.js ## the blog's set-up against sandbox clouds, broken and repaired; no cluster, no cloud
	node dist/connect-sso.js demo

picture: dist/connect-sso.js ## docs/demo.svg, the picture of README, from the demo
	node scripts/picture.mjs

dev: node_modules/.installed ## a real kube-apiserver, sandbox clouds (WORLD=file.yaml) and the controller (SETTINGS=file.yaml); prints the KUBECONFIG to use
	node scripts/dev.mjs $(if $(WORLD),--world $(WORLD)) $(if $(SETTINGS),--settings $(SETTINGS)) $(if $(ANY_PORT),--any-port)

test: dist/connect-sso.js ## everything that can be tested
	npm run --silent lint
	node scripts/licenses.mjs
	node scripts/generate.mjs --check
	node scripts/chromium.mjs
	node scripts/tools.mjs kube helm promtool argo-lua actionlint zizmor operator-verify validate-krew-manifest crds python-aws python-setup >/dev/null
	npm test --silent

test-unit: node_modules/.installed ## a minute at a desk: no cluster, no process, no whole life
	npm test --silent -- --config jest.unit.config.js

lint: node_modules/.installed ## style, types and layering
	npm run --silent lint

generate: node_modules/.installed ## what is derived from crds/
	node scripts/generate.mjs

argocd-testdata: node_modules/.installed ## objects of a real run, for the tests of Argo CD's health checks and actions
	UPDATE_GOLDEN=1 npm test --silent -- --testMatch '**/test/argocd/record.ts'
	UPDATE_GOLDEN=1 npm test --silent -- test/argocd

soak: dist/connect-sso.js ## MINUTES=n of faults and edits against real processes, then checks of memory, handles and sockets
	node scripts/soak.mjs $(or $(MINUTES),10)

bench: dist/connect-sso.js ## the figures of docs/performance.md
	node bench/run.mjs

screenshots: node_modules/.installed ## the pictures of docs/page.md, from the sandbox
	@node scripts/chromium.mjs
	node scripts/screenshots.mjs

sbom: dist/connect-sso.js ## sbom.cdx.json, CycloneDX of what is shipped
	node scripts/sbom.mjs

licenses: node_modules/.installed ## licences of all dependencies against the list
	node scripts/licenses.mjs

clean: ## what was built here (the cache of tools stays)
	rm -rf dist build node_modules
