# Everything here needs Go and nothing else; race also needs a C compiler. Tests of the
# distributed profile get PostgreSQL and Redis by themselves, and those in a browser get
# Chromium (testkit/services/with). Tools are pinned and run through the go command, so
# go.mod stays free of them.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TEMPL         := go run github.com/a-h/templ/cmd/templ@v0.3.977
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null)
# A number of inputs, not of seconds: it means the same on a busy machine.
FUZZTIME ?= 20000x
TIMEOUT  ?= 20m
# Runs a command where PostgreSQL and Redis can be had.
SERVICES := testkit/services/with

# Packages whose goroutines share memory; the race detector is slow elsewhere for nothing. Of
# httpapi that is the streams of events.
CONCURRENT := ./core/engine/... ./adapters/bunrepository/... ./adapters/watermillbus/... ./adapters/whatsmeow/... \
	./testkit/fakewhatsapp/... ./testkit/fakeevolution/... ./apps/...

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Run the server on 127.0.0.1:8090, with WhatsApp in the process
	AUTOPROMO_GATEWAY="$${AUTOPROMO_GATEWAY:-whatsmeow,evolution}" bin/autopromo serve

.PHONY: demo
demo: build ## Play the product with a simulated WhatsApp
	bin/autopromo demo

.PHONY: build
build: ## Build the static program into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/autopromo ./apps/autopromo

# Prints what failed, what was skipped and why, the verdict of each package and the sum.
define VERDICT
/^=== / || /^ *--- PASS/ || /^PASS$$/ { pass += /^ *--- PASS/; next }
/^ *--- FAIL/ { fail++ }
/^ *--- SKIP/ { skip++ }
{ print }
END { printf "tests: %d passed, %d failed, %d skipped\n", pass, fail, skip }
endef
export VERDICT

.PHONY: test
test: SHELL := /bin/bash -o pipefail
test: ## Run all tests
	CGO_ENABLED=0 $(SERVICES) --browser go test -v -timeout $(TIMEOUT) ./... 2>&1 | awk "$$VERDICT"

.PHONY: race
race: ## Run the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(SERVICES) go test -race -short -timeout $(TIMEOUT) $(CONCURRENT)
	CGO_ENABLED=1 go test -race -short -timeout $(TIMEOUT) -run Event ./adapters/httpapi

.PHONY: crash
crash: ## Kill the real program and its servers at every point, and judge by what was posted
	CGO_ENABLED=0 $(SERVICES) go run ./apps/crash

.PHONY: mutants
mutants: ## Break each rule of the database layer in turn, and want a test to notice (minutes)
	CGO_ENABLED=0 $(SERVICES) go test -count=1 -v -timeout 60m -run '^TestEveryRuleIsGuarded$$' ./adapters/bunrepository -mutants

.PHONY: vet
vet: ## The quick part of lint: format and go vet
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...

.PHONY: generate
generate: ## Make the Go of the console's pages (*.templ) anew
	$(TEMPL) generate -path adapters/httpapi/internal/console

# What is committed has to be what the pages say, made by the version that is pinned.
.PHONY: generated
generated:
	@before=$$(cat adapters/httpapi/internal/console/*_templ.go | cksum); \
	$(TEMPL) generate -log-level error -path adapters/httpapi/internal/console; \
	if [ "$$before" != "$$(cat adapters/httpapi/internal/console/*_templ.go | cksum)" ]; then \
		echo "the pages were not made anew: run make generate and commit what it changes"; exit 1; fi

.PHONY: lint
lint: vet generated ## Check format, vet, what is generated, and the linters of .golangci.yml
	CGO_ENABLED=0 $(GOLANGCI_LINT) run ./...

.PHONY: fuzz
fuzz: ## Run every fuzz target for a short while (FUZZTIME)
	@set -e; \
	targets=$$(grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed -E 's|/[^/]*:func |:|'); \
	test -n "$$targets"; \
	for target in $$targets; do \
		echo "fuzz $$target"; \
		CGO_ENABLED=0 go test -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$${target%%:*}"; \
	done

.PHONY: corpus
corpus: ## Judge the link engine by the shared collection of real links, where it is
	@CGO_ENABLED=0 go test -count=1 -v -run 'TestCorpus' ./core/affiliate ./core/extract

# Ratios within one run mean something on a busy machine; nanoseconds alone do not.
define RATIOS
{ print }
/ns\/op/ { name = $$1; sub(/-[0-9]+$$/, "", name); ns[name] = $$3 }
function ratio(what, a, b) { if (ns[a] && ns[b]) printf "%-44s %6.2f\n", what, ns[a] / ns[b] }
END {
	print "ratios:"
	ratio("finding links / a regexp", "BenchmarkLinks", "BenchmarkRegexp")
	ratio("xurls / a regexp", "BenchmarkXurls", "BenchmarkRegexp")
	ratio("find+classify+rewrite+verify / a regexp", "BenchmarkCycle", "BenchmarkRegexpFind")
}
endef
export RATIOS

.PHONY: bench
bench: SHELL := /bin/bash -o pipefail
bench: ## Run the benchmarks and print ratios
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem ./core/... | grep -v 'no test files' | awk "$$RATIOS"
	CGO_ENABLED=0 $(SERVICES) go run ./apps/bench

.PHONY: vuln
vuln: ## Look for known vulnerabilities; needs the network
	$(GOVULNCHECK) ./...

.PHONY: verify
verify: lint race fuzz test ## Everything a change has to pass
