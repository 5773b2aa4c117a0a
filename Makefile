# Two commands set everything up: `make demo` and `make test`. See README.md.
GO      ?= go
BIN     := bin/sallyport
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
SHARED  ?= ../shared

.PHONY: demo build test lint bench eval soak fuzz weights clean

demo: build
	@exec $(BIN) demo $(ARGS)

build:
	@mkdir -p bin
	@$(BUILD) -o $(BIN) ./cmd/sallyport

test: ; @test/run

lint: ; @test/lint

bench: ; @test/bench $(ARGS)

soak: ; @test/soak $(ARGS)

eval: ; @$(MAKE) --no-print-directory -k -C training eval DATA=$(abspath $(SHARED)/data)

fuzz: ; @test/fuzz $(ARGS)

weights: ; @$(MAKE) -C training weights DATA=$(abspath $(SHARED)/data)

clean: ; @rm -rf bin .build
