# What a person runs by hand. .ci/run runs the same.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10s
SCHEDULES ?= 100000
COVERDIR ?= /tmp/migplan-cover

.PHONY: test lint model norace fuzz bench cover

test:
	go test -race ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# The protocol against the simulator in memory, on seeded schedules.
model:
	go test ./pkg/executor -run Model -count=1 -v -schedules $(SCHEDULES)

# What the race detector would distort: it skips these.
norace:
	go test ./pkg/plan -run TestCompileGrowsLinearly -count=1

# Every fuzz target for FUZZTIME; their corpora run in `make test` too.
fuzz:
	@for target in plan:FuzzLoad drs:FuzzClassify drs:FuzzShow drs:FuzzList ledger:FuzzFold ledger:FuzzEventData; do \
	  go test ./pkg/$${target%%:*} -run '^$$' -fuzz "^$${target##*:}\$$" -fuzztime $(FUZZTIME) || exit 1; done
	go test ./cmd/migplan -run '^$$' -fuzz '^FuzzClean$$' -fuzztime $(FUZZTIME)

bench:
	go test -run '^$$' -bench . -benchmem ./pkg/plan ./pkg/ledger ./pkg/drs

# Every branch of the four places on which the promise rests.
cover:
	@mkdir -p $(COVERDIR)
	@go test -run "Classif|Outcome|RetryAfter|ServerDate" -coverprofile $(COVERDIR)/drs.out ./pkg/drs >/dev/null
	@go test -run "Fold|History" -coverprofile $(COVERDIR)/ledger.out ./pkg/ledger >/dev/null
	@go test -run 'TestNext|TestDoubt|TestGuard' -coverprofile $(COVERDIR)/executor.out ./pkg/executor >/dev/null
	@awk -F '[: ]' '/(outcome|fold|next|doubt|guard)\.go/ { all[$$1] += $$(NF-1); if ($$NF > 0) hit[$$1] += $$(NF-1); else print "not reached: " $$1 ":" $$2 } \
	  END { for (f in all) { printf "%6.1f%%  %s\n", 100 * hit[f] / all[f], f; if (hit[f] < all[f]) bad = 1 } exit bad }' $(COVERDIR)/*.out
