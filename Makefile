# Ringlet: build, test, measure. `make run` and `make test` are all a new user needs.
#
#   make [BUILD=release|debug|asan]   the server, src/ringlet-server
#   make run                          install what is missing, build, start with redis.conf
#   make test                         everything: lint, unit, spec, clients; plain and sanitized
#   make check                        the quick part of it
#   make lint | bench | fuzz | install | compile_commands.json | redis.conf

BUILD ?= release
OBJ ?= build/$(BUILD)
PREFIX ?= /usr/local
CC ?= gcc

WARN := -Wall -Wextra -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wvla $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2 -fcf-protection=none
CPPFLAGS += -D_GNU_SOURCE -Isrc -I$(OBJ)
CFLAGS_release := -O3 -flto=auto -g -fno-plt -fno-semantic-interposition $(HARDEN)
CFLAGS_debug := -O1 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DNO_JEMALLOC -DCHECK_SLOW
LDFLAGS_release := -O3 -flto=auto -pie -Wl,-z,relro,-z,now,-z,noexecstack
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS += -std=gnu11 -pthread $(WARN) $(CFLAGS_$(BUILD))
LDFLAGS += -pthread -rdynamic $(LDFLAGS_$(BUILD))
JEMALLOC := $(if $(filter asan,$(BUILD)),,-ljemalloc)
LDLIBS += $(JEMALLOC) -luring -llzf -lm

SERVER := $(if $(filter release,$(BUILD)),src/ringlet-server,$(OBJ)/ringlet-server)
SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(OBJ)/%.o)
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/*.c))
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(OBJ)/unit/%)

.DEFAULT_GOAL := all
.PHONY: all run test check lint unit spec bench fuzz install deps clean FORCE

all: $(SERVER)

$(SERVER): $(OBJ)/main.o $(OBJECTS)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A unit test includes the file that it tests and links all the others.
$(OBJ)/unit/%: tests/unit/%.c $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
		$(filter-out $(OBJ)/$*.o,$(OBJECTS)) -lcmocka $(LDLIBS)

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
