/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/supervise: who supervises, and what systemd's socket receives.
 */
#include "../../../src/process/supervise.c"

#include "../unit.h"

static void test_choice(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("UPSTART_JOB");
	assert_int_equal(process_supervise(SUPERVISED_NO), SUPERVISED_NO);
	assert_int_equal(process_supervise(SUPERVISED_AUTO), SUPERVISED_NO);
	assert_int_equal(process_supervise(SUPERVISED_SYSTEMD), SUPERVISED_NO);
	assert_int_equal(process_supervise(SUPERVISED_UPSTART), SUPERVISED_NO);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(process_supervise(SUPERVISED_AUTO), SUPERVISED_SYSTEMD);
	assert_int_equal(process_supervise(SUPERVISED_SYSTEMD), SUPERVISED_SYSTEMD);
	process_notify("READY=1"); /* logs, goes on */
	assert_string_equal(process_supervised_name(SUPERVISED_SYSTEMD), "systemd");
	assert_string_equal(process_supervised_name(SUPERVISED_UPSTART), "upstart");
	assert_string_equal(process_supervised_name(SUPERVISED_NO), "no");
}

static void expect_received(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[64] = {0};
	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	process_notify("READY=1\n");
	assert_int_equal(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), 8);
	assert_string_equal(text, "READY=1\n");
	close(fd);
}

static void test_datagrams(void **state)
{
	char path[64], name[64], longest[300];
	(void)state;
	snprintf(path, sizeof(path), "/tmp/notify-%d", (int)getpid());
	snprintf(name, sizeof(name), "@notify-%d", (int)getpid());
	expect_received(path);
	unlink(path);
	expect_received(name);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	process_notify("READY=1\n");
	setenv("NOTIFY_SOCKET", "relative", 1);
	process_notify("READY=1\n");
	unsetenv("NOTIFY_SOCKET");
	process_notify("READY=1\n");
}

UNIT_MAIN(test_choice, test_datagrams)
