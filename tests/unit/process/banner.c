/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/banner: the words that tools wait for.
 */
#include "../../../src/process/banner.c"

#include "../unit.h"

static void test_words(void **state)
{
	char path[] = "/tmp/banner-XXXXXX", pid[32];
	static char text[65536];
	struct process_config process = {.always_show_logo = true};
	const struct log_config config = {.level = LOG_NOTICE, .file = path};
	(void)state;
	close(mkstemp(path));
	log_init(&config);
	banner_starting(true);
	banner_starting(false);
	banner_logo(&process, &config, 6379);
	process.always_show_logo = false;
	banner_logo(&process, &config, 6380);
	banner_initialized("epoll", "because");
	banner_ready(true, "/run/x");
	banner_ready(false, NULL);
	banner_bye();
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	unlink(path);
	assert_true(got > 0);
	snprintf(pid, sizeof(pid), " PID: %d\n", (int)getpid());
	char *at = strstr(text, pid);
	assert_non_null(at);
	at = strstr(at, "port=6380");
	assert_non_null(at);
	at = strstr(at, "io-backend: epoll (because)");
	assert_non_null(at);
	at = strstr(at, "Server initialized\n");
	assert_non_null(at);
	at = strstr(at, "Ready to accept connections tcp\n");
	assert_non_null(at);
	at = strstr(at, "Ready to accept connections unix at /run/x\n");
	assert_non_null(at);
	assert_non_null(strstr(at, "ready to exit, bye bye"));
}

UNIT_MAIN(test_words)
