# acmeproxy.  `make help` lists what there is.
CC      ?= cc
BUILD   ?= build
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
PYTHON  := /usr/bin/python3
GCC     := $(findstring gcc,$(shell $(CC) -v 2>&1 | tail -1))
comma   := ,
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' deploy/debian/changelog)

# The caller owns CFLAGS, CPPFLAGS and LDFLAGS; ours never depend on them.
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wformat=2 -Wundef -Wvla -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wdate-time \
	-Wnull-dereference $(if $(GCC),-Wlogical-op -Wduplicated-cond \
	-Wduplicated-branches -Wformat-signedness -Wjump-misses-init) \
	$(if $(WERROR),-Werror)
# Not every compiler has these for every processor, so ask it.
takes = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
HARD := -fPIE -fstack-protector-strong $(call takes,-fstack-clash-protection) \
	$(call takes,-fcf-protection) $(call takes,-mbranch-protection=standard)
# It comes last, since distributions set 2.
FORTIFY := $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
MODE := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all,$(HARD))
LINK := $(if $(SAN),-fsanitize=$(SAN),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now) \
	-Wl,--as-needed

# `make V=1` shows the commands.
quiet   = $(if $(V),,@echo '  $(1)	$@';)

COMPILE = $(CC) -std=c11 -D_DEFAULT_SOURCE -DACMEPROXY_VERSION='"$(VERSION)"' \
	-I. -MMD -MP -pthread -fno-common -ffile-prefix-map=$(CURDIR)=. $(WARN) $(MODE) \
	$(CFLAGS) $(CPPFLAGS) $(FORTIFY)
objects = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c $(1)/*/*.c)))

PROGRAMS := $(BUILD)/acmeproxy $(BUILD)/acmeproxy-pipe
COMMON   := $(call objects,common)
APP      := $(call objects,fcgi-app) $(BUILD)/fcgi-app/store/scripts.o \
	$(BUILD)/fcgi-app/snippet_lines.o
PIPE     := $(call objects,pipe-backend)
SCRIPTS  := beat check confirm create create_account delete delete_account expire persist \
	publish refuse rotate sweep
HEADLESS := init migrate_1 migrate_2 migrate_3
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
FUZZ     := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
LIBS     := -lhiredis -ljansson

all: $(PROGRAMS) ## build the two programs

$(BUILD)/acmeproxy: $(BUILD)/fcgi-app/main.o $(APP) $(COMMON)
	$(call quiet,LINK)$(CC) $(LINK) $(LDFLAGS) -pthread -o $@ $^ -lfcgi -lsodium -lsystemd $(LIBS)

$(BUILD)/acmeproxy-pipe: $(BUILD)/pipe-backend/main.o $(PIPE) $(COMMON)
	$(call quiet,LINK)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# The changelog has the version, which COMPILE gives to every object.
$(BUILD)/%.o: %.c Makefile deploy/debian/changelog
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) -c -o $@ $<

$(BUILD)/%.o: $(BUILD)/%.c Makefile deploy/debian/changelog
	$(call quiet,CC)$(COMPILE) -c -o $@ $<

# Turn each Lua script into a C string with its SHA-1.  Lines that are comments are
# dropped, key.x becomes (KEYS[1] .. 'text of x') by keys.def, arg.x becomes ARGV[n] by
# args.def, and most scripts get head.lua.  Other names are reported with their file
# and line.
$(BUILD)/fcgi-app/store/scripts.c: $(wildcard fcgi-app/store/scripts/*) common/keys.def Makefile
	@mkdir -p $(@D)
	@sed -n "s/^KEY(.*, \(.*\), \"\(.*\)\").*/s|\\\\bkey\\.\1\\\\b|(KEYS[1] .. '\2')|g/p" \
		common/keys.def >$@.sed
	@sed -n 's/^ARG(.*, \(.*\)).*/\1/p' fcgi-app/store/scripts/args.def | \
		awk '{ printf "s/\\barg\\.%s\\b/ARGV[%d]/g\n", $$0, NR }' >>$@.sed
	@! for s in fcgi-app/store/scripts/*.lua; do \
		sed -e 's/^[[:space:]]*--.*//' -f $@.sed $$s | \
			grep -HonE --label=$$s '\b(key|arg)\.\w*'; \
	done | sed 's/$$/ is in neither keys.def nor args.def/' | grep . >&2
	@echo '#include "fcgi-app/store/script.h"' >$@.new
	@for s in $(SCRIPTS) $(HEADLESS); do \
		case " $(HEADLESS) " in *" $$s "*) head=;; \
			*) head=fcgi-app/store/scripts/head.lua;; esac; \
		{ head -n 1 fcgi-app/store/scripts/$$s.lua && \
			cat $$head </dev/null && \
			tail -n +2 fcgi-app/store/scripts/$$s.lua; } | \
			sed -e '/^[[:space:]]*--/d' -f $@.sed >$@.lua && \
		echo "const struct script script_$$s = {" && \
		echo "	\"$$(sha1sum <$@.lua | cut -d' ' -f1)\"," && \
		sed 's/[\\"]/\\&/g; s/.*/	"&\\n"/' $@.lua && \
		echo "};" || exit; \
	done >>$@.new
	@rm $@.lua $@.sed && mv $@.new $@

# Longer than the 4095 octets that every C compiler must take.
$(BUILD)/fcgi-app/store/scripts.o: WARN += -Wno-overlength-strings

# What `acmeproxy powerdnsconfig` prints: an array of the lines.
$(BUILD)/fcgi-app/snippet_lines.c: deploy/powerdns/acmeproxy.conf Makefile
	@mkdir -p $(@D)
	@{ echo '#include "fcgi-app/snippet.h"' && \
		echo 'const char *const snippet_lines[] = {' && \
		sed 's/[\\"]/\\&/g; s/.*/	"&",/' $< && \
		echo '	NULL };'; } >$@.new && mv $@.new $@

# A unit test is linked with everything but the main files.
$(BUILD)/test_%: $(BUILD)/tests/unit/test_%.o $(APP) $(PIPE) $(COMMON)
	$(call quiet,LINK)$(CC) $(LINK) $(LDFLAGS) -pthread -o $@ $^ -lcmocka -lfcgi -lsodium -lsystemd $(LIBS)

# A fuzzer is linked like a unit test; libFuzzer provides main().
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/check.o $(BUILD)/tests/fuzz/played.o \
	$(APP) $(PIPE) $(COMMON)
	$(call quiet,LINK)$(CC) -fsanitize=fuzzer $(LINK) $(LDFLAGS) -pthread -o $@ $^ -lfcgi -lsodium -lsystemd $(LIBS)

# The parts of deploy/ that are installed elsewhere, or are for building packages.
APART   := deploy/completion deploy/debian deploy/man
SHARE   := $(DESTDIR)$(PREFIX)/share

install: all ## install into DESTDIR and PREFIX; README, "Deployment"
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/acmeproxy \
		$(SHARE)/bash-completion/completions
	install -m 0755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	cp -R $(filter-out $(APART),$(wildcard deploy/*)) $(SHARE)/acmeproxy
	chmod -R u=rwX,go=rX $(SHARE)/acmeproxy
	install -m 0644 deploy/completion/acmeproxy.bash \
		$(SHARE)/bash-completion/completions/acmeproxy
	for section in 1 5 8; do \
		install -d $(SHARE)/man/man$$section && \
		install -m 0644 deploy/man/*.$$section $(SHARE)/man/man$$section || \
			exit; \
	done
	grep -rl /usr/local $(SHARE)/acmeproxy $(SHARE)/man/man?/acmeproxy* | \
		xargs sed -i 's|/usr/local/|$(PREFIX)/|g'

uninstall: ## remove what install has put there
	rm -f $(PROGRAMS:$(BUILD)/%=$(DESTDIR)$(PREFIX)/bin/%) \
		$(foreach page,$(wildcard deploy/man/*),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
		$(SHARE)/bash-completion/completions/acmeproxy
	rm -rf $(SHARE)/acmeproxy

packages: ## install the Debian packages that are missing
	@sh tests/install-packages.sh

# These need packages.  A second make runs them, and finds what the first installed.
run demo test bench bench-compare bench-instructions freshness torture fuzz lint deb: packages
	@$(MAKE) --no-print-directory $@-only

run: ## the whole stack on loopback, in the foreground
demo: ## a real certificate from a real ACME server
test: ## everything that CI runs
bench: ## requests and questions a second; BENCH_S, BENCH_ROUNDS, BENCH_AUTHORISATIONS
bench-compare: ## the quick ones of revision BASE and of this tree, in turn
bench-instructions: ## instructions a question and a request; UPDATE=1 keeps them
freshness: ## N publications, each asked at once, while things go wrong
torture: ## faults under load, and what they cost; TORTURE_ROUNDS, TORTURE_S, FAULTS
fuzz: ## libFuzzer on each input, FUZZ_S seconds a target
lint: ## warnings, layers, formatting, clang-tidy, shellcheck
deb: ## Debian packages, in $(BUILD)/deb; VERSION_SUFFIX=~1 for another version

# Without root no packages are installed: run.py says that it needs root.
test-installed: ## README's "Deployment" on machines that boot; RELEASE=bookworm or trixie
	@[ "$$(id -u)" -ne 0 ] || $(MAKE) --no-print-directory packages
	@BUILD=$(BUILD) RELEASE=$(RELEASE) $(PYTHON) tests/installed/run.py

# Without root no packages are installed: run.sh says that it needs root.
test-arm64: ## build for arm64 and run the unit tests, by emulation
	@[ "$$(id -u)" -ne 0 ] || $(MAKE) --no-print-directory packages
	@BUILD=$(BUILD) sh tests/arm64/run.sh

run-only: all
	@exec $(PYTHON) tests/stack/run.py

demo-only: all
	@exec $(PYTHON) tests/demo/demo.py

unit-tests: $(UNIT)

test-only: all unit-tests
	@BUILD=$(BUILD) sh tests/run.sh $(UNIT)

unit: $(UNIT) ## the unit tests alone
	@for test in $(UNIT); do timeout 600 $$test || exit; done

$(BUILD)/bench_nothing: $(BUILD)/tests/bench/nothing.o
	$(call quiet,LINK)$(CC) $(LINK) $(LDFLAGS) -pthread -o $@ $^ -lfcgi

bench-only: all $(BUILD)/bench_nothing
	@BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py

bench-compare-only: all
	@BUILD=$(BUILD) CC='$(CC)' CFLAGS='$(CFLAGS)' $(PYTHON) tests/bench/compare.py '$(BASE)'

bench-instructions-only: all
	@BUILD=$(BUILD) $(PYTHON) tests/bench/instructions.py $(if $(UPDATE),--update)

bench-readme: ## put the figures and pictures of the last `make bench` into README
	@BUILD=$(BUILD) $(PYTHON) tests/bench/readme.py

freshness-only: all
	@BUILD=$(BUILD) $(PYTHON) tests/freshness/run.py $(or $(N),100000)

torture-only: all
	@BUILD=$(BUILD) CC='$(CC)' $(PYTHON) tests/torture/run.py $(FAULTS)

fuzzers: $(FUZZ:%=$(BUILD)/%)

fuzz-only:
	@$(MAKE) --no-print-directory BUILD=build/fuzz CC=clang \
		SAN=fuzzer-no-link,address,undefined fuzzers
	@sh tests/fuzz/run.sh $(FUZZ:%=build/fuzz/%)

lint-only:
	@sh tests/lint/run.sh

# Build what git tracks (everything, where there is no git) in a tree of its own.
# None of our variables may reach it: debhelper sets its own flags, but not those
# that are set already.
DEBTREE = $(BUILD)/deb/acmeproxy-$(VERSION)$(VERSION_SUFFIX)
deb-only:
	rm -rf $(DEBTREE)
	mkdir -p $(DEBTREE)
	{ git ls-files -z 2>/dev/null || find . -path ./$(BUILD) -prune -o -type f -print0; } | \
		xargs -0 cp -P --parents -t $(DEBTREE)
	sed -i '1s/)/$(VERSION_SUFFIX))/' $(DEBTREE)/deploy/debian/changelog
	cp -R $(DEBTREE)/deploy/debian $(DEBTREE)/debian
	cd $(DEBTREE) && env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u BUILD -u CC \
		-u CFLAGS -u CPPFLAGS -u LDFLAGS dpkg-buildpackage -us -uc -b $(DEBFLAGS)
	rm -rf $(DEBTREE)

format: ## let clang-format 14 print the sources
	@clang-format --version | grep -q ' version 14\.' || \
		{ echo 'make format: clang-format 14 is needed, its output is the style'; false; }
	clang-format -i $(shell git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | sort | \
		expand -t 20

.PHONY: all fuzzers install uninstall packages format clean help run demo test bench \
	bench-compare bench-instructions bench-readme freshness torture fuzz lint deb \
	test-installed test-arm64 unit unit-tests run-only demo-only test-only bench-only \
	bench-compare-only bench-instructions-only freshness-only torture-only fuzz-only lint-only deb-only
.SECONDARY:
# No deeper: the root file systems of other tests have folders named like this.
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
