# Ringlet: build, test, measure. `make run` and `make test` are all a new user needs.
#
#   make [BUILD=release|debug|asan]   the server, src/ringlet-server
#   make run                          install what is missing, build, start with redis.conf
#   make test                         everything: lint, unit, spec, clients; plain and sanitized
#   make check                        the quick part of it, for every save
#   make lint | unit | spec | fuzz    its pieces (SPEC="--only 'string*'", FUZZ_SECONDS=60)
#   make crash                        kill, lose power, recover, many times (CRASH_ROUNDS=500)
#   make bench | bench-connections    against redis-server, on this machine
#   make install                      PREFIX, DESTDIR, SYSCONFDIR; with a systemd service file
#   make redis.conf                   the configuration file, printed by the server itself
#   make compile_commands.json        for editors

BUILD ?= release
OBJ ?= build/$(BUILD)
PREFIX ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
FUZZ_SECONDS ?= 60
CRASH_ROUNDS ?= 500
# V=1 shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)')
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(BUILD)),clang,gcc)
endif

WARN := -Wall -Wextra -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wvla $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2 -fcf-protection=none
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
CPPFLAGS += -D_GNU_SOURCE -Isrc -I$(OBJ) -I/usr/include/lua5.1
CFLAGS_release := -O3 -flto=auto -g -fno-plt -fno-semantic-interposition $(HARDEN)
CFLAGS_debug := -O1 -g
CFLAGS_asan := -O1 -g $(SANITIZE) -fno-omit-frame-pointer -DNO_JEMALLOC -DCHECK_SLOW
CFLAGS_fuzz := $(CFLAGS_asan) -fsanitize=fuzzer-no-link
LDFLAGS_release := -O3 -flto=auto -pie -Wl,-z,relro,-z,now,-z,noexecstack
LDFLAGS_asan := $(SANITIZE)
LDFLAGS_fuzz := $(SANITIZE)
CFLAGS += -std=gnu11 -pthread $(WARN) $(CFLAGS_$(BUILD))
LDFLAGS += -pthread -rdynamic $(LDFLAGS_$(BUILD))
LDLIBS += $(if $(filter asan fuzz,$(BUILD)),,-ljemalloc) -lssl -lcrypto -luring -llzf -llua5.1 -lm

SERVER := $(if $(filter release,$(BUILD)),src/ringlet-server,$(OBJ)/ringlet-server)
SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(OBJ)/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(OBJ)/unit/%,$(sort $(wildcard tests/unit/*/*.c)))
# Sources that ask for planted faults, compiled once more for the server that has them.
PLANTED := $(patsubst src/%.c,$(OBJ)/planted/%.o,$(shell grep -l persist/plant.h src/*/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(OBJ)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))
CLIENTS := $(patsubst tests/clients/%.c,$(OBJ)/clients/%,$(sort $(wildcard tests/clients/*.c)))

# A floor and all floors below it, as "floor=floor,below,below": what a test of that floor links.
FLOORS := $(shell awk -F '[: ]+' '/^[a-z]+:/ { \
	delete seen; line = $$1 "=" $$1; \
	for (i = 2; i <= NF; i++) { n = split($$i "," below[$$i], part, ","); \
		for (k = 1; k <= n; k++) if (part[k] != "" && !(part[k] in seen)) { \
			seen[part[k]]; line = line "," part[k]; \
			below[$$1] = below[$$1] (below[$$1] == "" ? "" : ",") part[k] } } \
	print line }' src/LAYERS)
# What a test includes from floors beyond that, to have something real to test with, as "store/dump=types".
BORROWED := $(shell awk -F '[/"]' 'FNR == 1 { split(FILENAME, path, "/"); \
	test = path[3] "/" substr(path[4], 1, length(path[4]) - 2) } \
	/^\#include "[a-z]+\// { print test "=" $$2 }' /dev/null $(wildcard tests/unit/*/*.c) | sort -u)
comma := ,
floors_of = $(subst $(comma), ,$(patsubst $(1)=%,%,$(filter $(1)=%,$(FLOORS))))
unit_floors = $(foreach floor,$(firstword $(subst /, ,$(1))) $(patsubst $(1)=%,%,$(filter \
	$(1)=%,$(BORROWED))),$(call floors_of,$(floor)))
unit_objects = $(filter-out $(OBJ)/$(1).o,$(foreach floor,$(sort $(call unit_floors,$(1))),$(filter \
	$(OBJ)/$(floor)/%,$(OBJECTS))))

.DEFAULT_GOAL := all
.SECONDEXPANSION:
.DELETE_ON_ERROR:
.PHONY: all run test check lint unit unit-build spec crash crash-build planted fuzz fuzz-build bench \
	bench-connections install uninstall clients-build clean FORCE

all: $(SERVER)

$(SERVER): $(OBJ)/main.o $(OBJECTS)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS_$(BUILD)) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A server that is wrong on purpose, and what the crash tests watch any server with.
$(OBJ)/ringlet-planted: $(OBJ)/main.o $(filter-out $(PLANTED:$(OBJ)/planted/%=$(OBJ)/%),$(OBJECTS)) \
	$(PLANTED)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS_$(BUILD)) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/planted/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC $< with faults)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DPLANTS -MMD -MP -c -o $@ $<

build/crash/record.so: tests/crash/record.c tests/crash/journal.h
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O1 -g -pthread $(WARN) -fPIC -shared -o $@ $<

build/crash/replay: tests/crash/replay.c tests/crash/journal.h
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O1 -g $(WARN) -o $@ $<

# A unit test includes the file that it tests and links the floors that this file may know. Tests may
# share a harness by including it, and need not use all of it.
$(OBJ)/unit/%: tests/unit/%.c src/LAYERS $$(call unit_objects,$$*)
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-unused-function $(LDFLAGS) -MMD -MP -o $@ $< \
		$(filter %.o,$^) -lcmocka $(LDLIBS)

$(OBJ)/fuzz/%: tests/fuzz/%.c $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(OBJECTS) $(LDLIBS)

# Programs that know Ringlet only as a server: they see no header of ours.
$(OBJ)/clients/%: tests/clients/%.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O1 -g $(WARN) -MMD -MP -o $@ $< -lhiredis

unit-build: $(UNIT_TESTS)
fuzz-build: $(FUZZERS)
clients-build: $(CLIENTS)
crash-build: build/crash/record.so build/crash/replay
planted: $(OBJ)/ringlet-planted

run:
	deps/install
	$(MAKE) src/ringlet-server
	src/ringlet-server redis.conf $(ARGS)

test:
	deps/install --test
	tests/run

check:
	tests/run --quick

lint:
	utils/lint/run

unit: unit-build
	tests/unit/run $(UNIT_TESTS)

spec: $(SERVER)
	tclsh tests/spec/run.tcl --server $(SERVER) $(SPEC)

crash: $(SERVER)
	SERVER=$(SERVER) tests/crash/run $(CRASH_ROUNDS) $$(date +%s)

fuzz:
	deps/install --test
	$(MAKE) BUILD=fuzz fuzz-build
	tests/fuzz/run build/fuzz/fuzz $(FUZZ_SECONDS)

bench bench-connections: src/ringlet-server
	deps/install --bench
	utils/bench/run $@ $(ARGS)

redis.conf: FORCE
	$(MAKE) BUILD=release src/ringlet-server
	src/ringlet-server --print-config-template > $@.new
	mv $@.new $@

compile_commands.json: FORCE
	@{ sep='['; for f in src/main.c $(SOURCES) $(wildcard tests/unit/*/*.c tests/fuzz/*.c); do \
		printf '%s\n{"directory":"%s","file":"%s","command":"%s"}' "$$sep" '$(CURDIR)' "$$f" \
			"$(CC) $(CPPFLAGS) $(CFLAGS) -c $$f"; sep=','; done; printf '\n]\n'; } > $@

# An existing configuration file is the administrator's: it stays. The check tools are this program by
# another name; not by Redis's own, which may be installed beside it.
install: src/ringlet-server
	install -D -m 755 src/ringlet-server $(DESTDIR)$(PREFIX)/bin/ringlet-server
	ln -sf ringlet-server $(DESTDIR)$(PREFIX)/bin/ringlet-check-aof
	ln -sf ringlet-server $(DESTDIR)$(PREFIX)/bin/ringlet-check-rdb
	test -e $(DESTDIR)$(SYSCONFDIR)/ringlet/redis.conf || \
		install -D -m 644 redis.conf $(DESTDIR)$(SYSCONFDIR)/ringlet/redis.conf
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@PREFIX@|$(PREFIX)|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g' utils/ringlet.service \
		> $(DESTDIR)$(UNITDIR)/ringlet.service
	chmod 644 $(DESTDIR)$(UNITDIR)/ringlet.service

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/ringlet-,server check-aof check-rdb) \
		$(DESTDIR)$(UNITDIR)/ringlet.service

clean:
	rm -rf build src/ringlet-server compile_commands.json

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
