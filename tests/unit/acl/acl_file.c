/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/acl_file: all or nothing, errors with their lines, and a file that survives the way there and
 * back.
 */
#include "../../../src/acl/acl_file.c"

#include "../unit.h"

#include "world.h"

static void expect_refused(struct world *w, const char *text, const char *why)
{
	struct buf error = {0};
	assert_false(acl_load_text(w->acl, "f", bytes_text(text), &error));
	assert_non_null(strstr(buf_text(&error), why));
	assert_non_null(strstr(buf_text(&error), "no change to the previously active ACL rules"));
	buf_release(&error);
	assert_int_equal(w->acl->user_count, 2);
}

static void test_errors(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, "");
	world_user(&w, "kept", "on");
	expect_refused(&w, "x", "f:1 should start with user keyword");
	expect_refused(&w, "\n\nuser", "f:3 should start with user keyword");
	expect_refused(&w, "user a +x", "f:1: Error in applying operation '+x': Unknown command");
	expect_refused(&w, "user a x\nuser b y", "f:1: Syntax error. f:2: Syntax error. ");
	expect_refused(&w, "user a\nuser a", "WARNING: Duplicate user 'a' found on line 2.");
	expect_refused(&w, "user a (+get", "f:1: Unmatched parenthesis");
	world_close(&w);
}

static void test_replaces(void **state)
{
	struct world w;
	struct buf error = {0}, text = {0};
	(void)state;
	world_open(&w, "");
	world_user(&w, "gone", "on nopass");
	world_user(&w, "default", "-get");
	acl_login(w.acl, &w.a, acl_find(w.acl, BYTES("gone")));
	assert_true(acl_load_text(
		w.acl, "f", BYTES("  user a  on  +get (~x +set)\r\n\n user b off\n"), &error));
	assert_null(acl_find(w.acl, BYTES("gone")));
	assert_true(w.a.flags & SESSION_CLOSE_ASAP);
	assert_false(w.b.flags & SESSION_CLOSE_ASAP);
	/* A file that does not name the default user leaves him as he is born. */
	assert_true(w.acl->fallback->is_unrestricted);
	acl_print_users(w.acl, &text);
	assert_string_equal(buf_text(&text),
		"user a on sanitize-payload resetchannels -@all +get (~x resetchannels -@all "
		"+set)\n"
		"user b off sanitize-payload resetchannels -@all\n"
		"user default on nopass sanitize-payload ~* &* +@all\n");
	buf_release(&text);
	buf_release(&error);
	world_close(&w);
}

static void test_file(void **state)
{
	struct world w;
	struct buf error = {0}, before = {0}, after = {0};
	char path[] = "/tmp/ringlet-acl-XXXXXX";
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	close(fd);
	chmod(path, 0600);
	world_open(&w, "");
	mem_free(w.config.file);
	w.config.file = mem_dup_text(path);
	world_user(&w, "a", "on >secret +config -config|set %R~a* &x (+get ~b)");
	acl_print_users(w.acl, &before);
	assert_true(acl_save_file(w.acl));
	world_user(&w, "a", "reset");
	assert_true(acl_load_file(w.acl, &error));
	acl_print_users(w.acl, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(path);
	assert_false(acl_load_file(w.acl, &error));
	assert_non_null(strstr(buf_text(&error), "Error loading ACLs, opening file"));
	mem_free(w.config.file);
	w.config.file = mem_dup_text("/nowhere/at/all");
	assert_false(acl_save_file(w.acl));
	buf_release(&error);
	buf_release(&before);
	buf_release(&after);
	world_close(&w);
}

UNIT_MAIN(test_errors, test_replaces, test_file)
