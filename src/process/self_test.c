/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The memory test writes four patterns that differ from place to place (each address's own number,
 * its complement, alternating bits both ways), so that a stuck bit and an address line that two
 * cells share both show. The system checks read what the kernel says of itself.
 */
#include "process/self_test.h"

#include "base/log.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#define SELF_TEST_PASSES 3
#define SELF_TEST_FAST_BYTES ((size_t)8 << 20)

static uint64_t self_test_pattern(int pattern, size_t index)
{
	uint64_t mixed = (uint64_t)index * 0x9e3779b97f4a7c15u;
	switch (pattern) {
	case 0:
		return mixed;
	case 1:
		return ~mixed;
	case 2:
		return index & 1 ? 0x5555555555555555u : 0xaaaaaaaaaaaaaaaau;
	default:
		return index & 1 ? 0xaaaaaaaaaaaaaaaau : 0x5555555555555555u;
	}
}

/* The number of words that came back different. */
static size_t self_test_words(volatile uint64_t *words, size_t count, int pattern)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++)
		words[i] = self_test_pattern(pattern, i);
	for (size_t i = 0; i < count; i++)
		wrong += words[i] != self_test_pattern(pattern, i);
	return wrong;
}

bool self_test_memory(size_t megabytes)
{
	size_t bytes, wrong = 0;
	if (__builtin_mul_overflow(megabytes, (size_t)1 << 20, &bytes))
		return false;
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		fprintf(stderr, "Unable to allocate %zu megabytes\n", megabytes);
		return false;
	}
	for (int pass = 0; pass < SELF_TEST_PASSES; pass++) {
		for (int pattern = 0; pattern < 4; pattern++)
			wrong += self_test_words(memory, bytes / sizeof(uint64_t), pattern);
		printf("pass %d of %d: %zu errors\n", pass + 1, SELF_TEST_PASSES, wrong);
	}
	munmap(memory, bytes);
	if (wrong == 0)
		printf("\nYour memory passed this test.\n");
	else
		printf("\nYour memory did NOT pass this test: %zu words were not kept.\n", wrong);
	return wrong == 0;
}

bool self_test_memory_fast(void)
{
	size_t wrong = 0;
	void *memory = mmap(NULL, SELF_TEST_FAST_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return true;
	for (int pattern = 0; pattern < 4; pattern++)
		wrong += self_test_words(memory, SELF_TEST_FAST_BYTES / sizeof(uint64_t), pattern);
	munmap(memory, SELF_TEST_FAST_BYTES);
	return wrong == 0;
}

/* The first line of a small file of the kernel; false when there is none. */
static bool self_test_read(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool has_line = fgets(out, (int)size, file) != NULL;
	fclose(file);
	return has_line;
}

bool self_test_thp_always(void)
{
	char line[128];
	return self_test_read("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof(line)) &&
		strstr(line, "[always]") != NULL;
}

static bool self_test_overcommit_off(void)
{
	char line[32];
	return self_test_read("/proc/sys/vm/overcommit_memory", line, sizeof(line)) &&
		line[0] != '1';
}

static bool self_test_slow_clock(void)
{
	char line[64];
	return self_test_read("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		       line, sizeof(line)) &&
		(strncmp(line, "hpet", 4) == 0 || strncmp(line, "acpi_pm", 7) == 0);
}

static bool self_test_xen_clock(void)
{
	char line[64];
	return self_test_read("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		       line, sizeof(line)) &&
		strncmp(line, "xen", 3) == 0;
}

static const struct self_test_check {
	const char *name;
	bool (*is_bad)(void);
	const char *advice;
} self_test_checks[] = {
	{"slow-clocksource", self_test_slow_clock,
		"the kernel's clock source is slow; every command reads the clock. Try "
		"'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource'."},
	{"xen-clocksource", self_test_xen_clock,
		"the clock source is xen, which costs a system call. If the machine has a stable "
		"tsc, choose that."},
	{"overcommit", self_test_overcommit_off,
		"vm.overcommit_memory is not 1: saving with a forked child can fail when memory is "
		"short. "
		"Set vm.overcommit_memory=1 in /etc/sysctl.conf."},
	{"THP", self_test_thp_always,
		"transparent huge pages are 'always': a forked child makes whole 2 MB pages copy "
		"on write. "
		"'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' avoids it."},
};

bool self_test_system(void)
{
	bool is_good = true;
	for (size_t i = 0; i < sizeof(self_test_checks) / sizeof(self_test_checks[0]); i++) {
		const struct self_test_check *check = &self_test_checks[i];
		bool is_bad = check->is_bad();
		printf("[%s]...%s\n", check->name, is_bad ? "WARNING:" : "OK");
		if (is_bad)
			printf("%s\n\n", check->advice);
		is_good &= !is_bad;
	}
	return is_good;
}

/* Is `name` one of the words of `list`? */
static bool self_test_is_listed(const char *name, const char *list)
{
	size_t len = strlen(name);
	for (; *list != '\0'; list += strcspn(list, " "), list += strspn(list, " "))
		if (strcspn(list, " ") == len && strncasecmp(list, name, len) == 0)
			return true;
	return false;
}

void self_test_log_warnings(const char *ignored)
{
	for (size_t i = 0; i < sizeof(self_test_checks) / sizeof(self_test_checks[0]); i++)
		if (!self_test_is_listed(self_test_checks[i].name, ignored) &&
			self_test_checks[i].is_bad())
			log_line(LOG_WARNING, "WARNING: %s", self_test_checks[i].advice);
}
