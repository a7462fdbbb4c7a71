/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/acl: who a session is, when its gate is armed, and what it is told.
 */
#include "../../../src/acl/acl.c"

#include "../unit.h"

#include "world.h"

#define IS_ARMED(s) (((s)->gates & GATE_BIT(GATE_ACL)) != 0)

static void test_plain(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, "");
	assert_false(IS_ARMED(&w.a));
	assert_true(w.a.is_authenticated);
	assert_string_equal(world_run(&w, &w.a, "GET k"), "+OK");
	world_user(&w, "default", "-get");
	assert_true(IS_ARMED(&w.a));
	assert_string_equal(world_run(&w, &w.a, "GET k"),
		"-NOPERM User default has no permissions to run the 'get' command");
	assert_string_equal(world_run(&w, &w.a, "AUTH k"), "+OK");
	world_user(&w, "default", "+get");
	assert_false(IS_ARMED(&w.a));
	assert_int_equal(w.acl->stats.denied_command, 1);
	world_close(&w);
}

static void test_passwords(void **state)
{
	struct world w;
	struct call call = {.exec = NULL};
	struct bytes argv[] = {BYTES("AUTH"), BYTES("x")};
	(void)state;
	world_open(&w, "secret");
	assert_false(w.a.is_authenticated);
	assert_true(w.a.gates & GATE_BIT(GATE_AUTH));
	call = (struct call){.session = &w.a, .exec = w.exec, .argv = argv, .argc = 2};
	assert_false(acl_authenticate(w.acl, &call, BYTES("default"), BYTES("no")));
	assert_false(acl_authenticate(w.acl, &call, BYTES("nobody"), BYTES("secret")));
	assert_int_equal(w.acl->stats.denied_auth, 2);
	assert_int_equal(w.acl->log.count, 2);
	assert_true(acl_authenticate(w.acl, &call, BYTES("default"), BYTES("secret")));
	assert_true(w.a.is_authenticated);
	/* Without a password everybody is in; with one again only those who logged in. */
	buf_clear(&w.config.requirepass);
	acl_password_changed(w.acl);
	assert_true(w.b.is_authenticated);
	world_user(&w, "default", ">new");
	assert_false(w.b.is_authenticated);
	assert_true(w.a.is_authenticated);
	acl_logout(w.acl, &w.a);
	assert_false(w.a.is_authenticated);
	world_user(&w, "default", "nopass off");
	assert_true(w.exec->has_password);
	assert_false(acl_authenticate(w.acl, &call, BYTES("default"), BYTES("x")));
	world_close(&w);
}

static void test_users(void **state)
{
	struct world w;
	struct acl_rule_error error;
	struct bytes bad = BYTES("+nothing");
	(void)state;
	world_open(&w, "");
	world_user(&w, "zoe", "on nopass +get ~a");
	world_user(&w, "amy", "on nopass +@all ~* &*");
	assert_string_equal(w.acl->users[0]->name, "amy");
	assert_string_equal(w.acl->users[2]->name, "zoe");
	assert_false(acl_set_user(w.acl, BYTES("new"), &bad, 1, &error));
	buf_release(&error.rule);
	assert_null(acl_find(w.acl, BYTES("new")));
	acl_login(w.acl, &w.a, acl_find(w.acl, BYTES("zoe")));
	acl_login(w.acl, &w.b, acl_find(w.acl, BYTES("amy")));
	assert_true(IS_ARMED(&w.a));
	assert_false(IS_ARMED(&w.b));
	assert_string_equal(world_run(&w, &w.a, "GET b"), "-NOPERM No permissions to access a key");
	assert_string_equal(world_run(&w, &w.a, "GET a"), "+OK");
	/* Another user's rules don't matter. */
	world_user(&w, "amy", "-get");
	assert_string_equal(world_run(&w, &w.a, "GET a"), "+OK");
	acl_delete_user(w.acl, acl_find(w.acl, BYTES("zoe")));
	assert_true(w.a.flags & SESSION_CLOSE_ASAP);
	assert_false(w.a.is_authenticated);
	assert_ptr_equal(acl_user_of(w.acl, &w.a), w.acl->fallback);
	assert_int_equal(w.acl->user_count, 2);
	world_close(&w);
}

static void test_selectors(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, "");
	world_user(&w, "u", "on nopass +copy ~a (+copy ~a ~b)");
	acl_login(w.acl, &w.a, acl_find(w.acl, BYTES("u")));
	assert_string_equal(world_run(&w, &w.a, "COPY a b"), "+OK");
	assert_string_equal(
		world_run(&w, &w.a, "COPY b c"), "-NOPERM No permissions to access a key");
	/* What the most generous selector misses is told. */
	struct acl_log_entry *e = LINK_OWNER(w.acl->log.entries.next, struct acl_log_entry, link);
	assert_true(bytes_equal(buf_bytes(&e->object), BYTES("c")));
	world_user(&w, "u", "clearselectors +publish +psubscribe +subscribe &x*");
	assert_string_equal(world_run(&w, &w.a, "PUBLISH x1 m"), "+OK");
	assert_string_equal(
		world_run(&w, &w.a, "PUBLISH y m"), "-NOPERM No permissions to access a channel");
	assert_string_equal(world_run(&w, &w.a, "PSUBSCRIBE x*"), "+OK");
	assert_string_equal(world_run(&w, &w.a, "PSUBSCRIBE x* xy*"),
		"-NOPERM No permissions to access a channel");
	assert_string_equal(world_run(&w, &w.a, "SUBSCRIBE x1 x2 y"),
		"-NOPERM No permissions to access a channel");
	assert_int_equal(w.acl->stats.denied_channel, 3);
	world_close(&w);
}

static void test_contexts(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, "");
	world_user(&w, "u", "on nopass");
	acl_login(w.acl, &w.a, acl_find(w.acl, BYTES("u")));
	w.a.flags |= SESSION_IN_EXEC;
	assert_string_equal(world_run(&w, &w.a, "GET a"),
		"-NOPERM ACLs rules changed between the moment the transaction was accumulated and "
		"the EXEC call. This command is no longer allowed for the following reason: no "
		"permission to execute the command or subcommand");
	w.a.flags &= ~(uint32_t)SESSION_IN_EXEC;
	w.a.origin = ORIGIN_SCRIPT;
	assert_string_equal(world_run(&w, &w.a, "GET a"),
		"-ERR ACL failure in script: User u has no permissions to run the 'get' command");
	w.a.origin = ORIGIN_CLIENT;
	assert_int_equal(w.acl->log.count, 2);
	world_close(&w);
}

static void test_start(void **state)
{
	struct world w;
	struct param_error error;
	struct buf why = {0};
	struct bytes words[16];
	(void)state;
	world_open(&w, "");
	assert_true(acl_take_line(&w.config, words, world_words("u on +get ~a", words), &error));
	assert_false(acl_take_line(&w.config, words, world_words("u off", words), &error));
	assert_true(acl_take_line(
		&w.config, words, world_words("default on nopass +@all ~*", words), &error));
	assert_true(acl_start(w.acl, &why));
	/* The line says all: no channels. */
	assert_false(w.acl->fallback->is_unrestricted);
	assert_true(IS_ARMED(&w.a));
	assert_true(acl_take_line(&w.config, words, world_words("v +x", words), &error));
	assert_false(acl_start(w.acl, &why));
	assert_non_null(strstr(buf_text(&why), "'+x' for the user named 'v': Unknown command"));
	buf_release(&why);
	world_close(&w);
}

UNIT_MAIN(test_plain, test_passwords, test_users, test_selectors, test_contexts, test_start)
