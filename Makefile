# What a person runs by hand. .ci/run runs the same.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10
SCHEDULES ?= 100000
COVERDIR ?= /tmp/migplan-cover
E2E ?= /tmp/migplan-e2e.txt
FUZZBIN ?= /tmp/migplan-fuzz
FUZZ = pkg/plan:FuzzLoad pkg/drs:FuzzClassify pkg/drs:FuzzShow pkg/drs:FuzzList \
  pkg/ledger:FuzzFold pkg/ledger:FuzzEventData pkg/ledger:FuzzLastCommitted \
  internal/view:FuzzClean pkg/backup:FuzzReadHeader pkg/backup:FuzzCheckChain \
  internal/drssim:FuzzAcceptedBody internal/drssim:FuzzCreate

.PHONY: check test lint examples model norace e2e storage fuzz bench cover

# Before a commit: what fails most often, in about three minutes.
check: lint
	go test $$(go list ./... | grep -v /pkg/executor)
	go test ./pkg/executor -schedules 5000

test:
	go test -race ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# The workflow and the manifests of examples/, which actionlint and the types
# of Kubernetes check; the program does not need those.
examples:
	cd examples/check && go vet ./... && go test -count=1 ./...

# The protocol against the simulator in memory, on seeded schedules.
model:
	go test ./pkg/executor -run Model -count=1 -v -timeout 60m -schedules $(SCHEDULES)

# The command killed, and its disk failing, at every call; `make test` takes a
# sample.
e2e:
	go test ./internal/e2e -count=1 -v -all -timeout 60m > $(E2E) || { tail -n 200 $(E2E); exit 1; }
	@grep -E '_test\.go|points|kills|^(ok|---)' $(E2E)

# Every prefix and every flipped bit of a ledger file; `make test` takes a sample.
storage:
	go test ./pkg/ledger -run 'TestEveryPrefixAndEveryBit$$' -count=1 -v -all -timeout 60m

# What the race detector would distort or slow down: it skips the one and
# takes a sample of the other, the cut after every byte.
norace:
	go test ./pkg/plan -run 'TestCompileGrowsLinearly|TestDatabaseKeyOfKeyIsUnchanged' -count=1
	go test ./pkg/backup -run TestCheckChainGrowsLinearly -count=1
	go test ./pkg/executor -run TestBytesOfAStepDoNotGrow -count=1
	go test ./pkg/drs -run TestWire -count=1 -v

# Every fuzz target for FUZZTIME seconds or more, two at a time. Their corpora
# run in `make test` too. Each package is built once, not in each round.
fuzz:
	@mkdir -p $(FUZZBIN)
	@for p in $(sort $(foreach t,$(FUZZ),$(firstword $(subst :, ,$(t))))); do \
	  go test -c -fuzz . -o $(FUZZBIN)/$$(echo $$p | tr / -) ./$$p || exit 1; done
	@printf '%s\n' $(FUZZ) | tr : ' ' | FUZZBIN=$(FUZZBIN) FUZZTIME=$(FUZZTIME) xargs -P 2 -L 1 .ci/fuzz

# docs/performance.md has the figures and what they mean.
bench:
	go test -run '^$$' -bench . -benchmem ./pkg/plan ./pkg/ledger ./pkg/drs ./pkg/backup ./pkg/executor ./internal/verify ./internal/obs ./cmd/migplan
	go test -run '^$$' -bench . -benchtime 9x -timeout 60m ./internal/bench

# Every condition of the places on which the promise rests, both ways: more
# than every branch. The tool takes all files of a folder for one package, so
# it gets a copy without those for other systems and for the race detector.
cover:
	@rm -rf $(COVERDIR) && mkdir -p $(COVERDIR)/tree
	@go build -modfile tools.mod -o $(COVERDIR)/gobco github.com/rillig/gobco
	@git ls-files | grep -vE '_other(_test)?\.go$$|(^|/|_)race_test\.go$$' | tar cf - -T - | tar xf - -C $(COVERDIR)/tree
	@cd $(COVERDIR)/tree && for p in "drs Classif|Outcome|RetryAfter|ServerDate" "ledger TestFold([^e]|$$)" "executor TestNext|TestDoubt|TestGuard"; do \
	  ../gobco -list-all -test -test.run="$${p#* }" ./pkg/$${p%% *} > ../$${p%% *}.txt 2>&1; \
	  grep -q '^ok' ../$${p%% *}.txt || { cat ../$${p%% *}.txt; exit 1; }; done
	@awk -F: '$$1 ~ /\/(outcome|fold|decide|next|listing|confirm|doubt|guard)\.go$$/ { all[$$1] += 2 } \
	  $$1 ~ /\/(outcome|fold|decide|next|listing|confirm|doubt|guard)\.go$$/ && /never/ { miss[$$1] += /never evaluated/ ? 2 : 1; print "not reached: " $$0 } \
	  END { for (f in all) { printf "%6.1f%%  of %3d  %s\n", 100 * (all[f] - miss[f]) / all[f], all[f], f; bad += miss[f]; n++ } exit bad > 0 || n != 8 }' $(COVERDIR)/*.txt
