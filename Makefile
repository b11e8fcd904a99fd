# What a person runs by hand. .ci/run runs the same.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 60s
SCHEDULES ?= 100000

.PHONY: test lint model fuzz bench cover

test:
	go test -race ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# The protocol against the simulator in memory, on seeded schedules.
model:
	go test ./pkg/executor -run Model -count=1 -v -schedules $(SCHEDULES)

bench:
	go test -run '^$$' -bench . -benchmem ./pkg/plan ./pkg/ledger ./pkg/drs
