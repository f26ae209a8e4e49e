/*
 * What tracking makes of what Redis says, in pieces that Redis and the kernel
 * choose.  A thread plays Redis until tracking has started.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/attr.h"
#include "common/tracking.h"

#define BEGINNING "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"
#define MESSAGE   BEGINNING "*1\r\n$2\r\nab\r\n"
#define PONG      "*2\r\n$4\r\npong\r\n$0\r\n\r\n"

static int server = -1; /* Redis's end of the connection */
static struct {
	size_t n_keys, n_all; /* how often a key was told, and NULL */
	char last[8];
} told;

static void
on_change(void *ctx, const char *key, size_t len)
{
	(void)ctx;
	if (key == NULL) {
		told.n_all++;
		return;
	}
	told.n_keys++;
	(void)snprintf(told.last, sizeof(told.last), "%.*s", (int)len, key);
}

static void
say(const char *text)
{
	const size_t len = strlen(text);

	if (write(server, text, len) != (ssize_t)len)
		abort();
}

/* Answer TIME, then CLIENT ID, then CLIENT TRACKING and SUBSCRIBE. */
static void *
play_redis(void *listener)
{
	char command[512];

	server = accept(*(int *)listener, NULL, NULL);
	if (read(server, command, sizeof(command)) > 0)
		say("*2\r\n$1\r\n1\r\n$1\r\n0\r\n");
	if (read(server, command, sizeof(command)) > 0)
		say(":7\r\n");
	if (read(server, command, sizeof(command)) > 0)
		say("+OK\r\n*3\r\n$9\r\nsubscribe\r\n$20\r\n"
		    "__redis__:invalidate\r\n:1\r\n");
	return NULL;
}

static struct tracking *
start(void)
{
	const char *const prefixes[] = { "a" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct redis_settings settings = { .timeout_ms = 5000 };
	struct tracking *tracking;
	pthread_t thread;
	char dir[] = "/tmp/test_tracking.XXXXXX";
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_non_null(mkdtemp(dir));
	(void)snprintf(settings.socket, sizeof(settings.socket), "%s/s", dir);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, play_redis, &listener),
	    0);
	memset(&told, 0, sizeof(told));
	assert_int_equal(tracking_new(&tracking, &settings, on_change, NULL,
			     NULL),
	    ERR_OK);
	assert_int_equal(tracking_start(tracking, prefixes, 1, NULL), ERR_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)unlink(address.sun_path);
	(void)rmdir(dir);
	(void)close(listener);
	return tracking;
}

static void
stop(struct tracking *tracking)
{
	tracking_free(tracking);
	(void)close(server);
}

/* In one piece, since many small ones fill the socket. */
static void
say_row(const char *first, const char *often, size_t n, const char *last)
{
	static char text[16384];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", first);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
		    often);
	(void)snprintf(text + len, sizeof(text) - len, "%s", last);
	say(text);
}

static void
test_lags(void **state)
{
	static const char key[] = "$16\r\nabcdefghijklmnop\r\n"; /* 23 octets */
	static const struct {
		const char *label;
		const char *first, *often;
		size_t n;
		const char *last;
		size_t n_keys;
		bool lags;
	} rows[] = {
		{ "nothing", "", "", 0, "", 0, false },
		{ "a message", MESSAGE, "", 0, "", 1, false },
		{ "a few messages", "", MESSAGE, 64, "", 64, false },
		{ "many messages", "", MESSAGE, 66, "", 66, true },
		{ "few keys", BEGINNING "*300\r\n", key, 300, "", 300, false },
		{ "many keys", BEGINNING "*400\r\n", key, 400, "", 400, true },
		{ "part of a message", BEGINNING, "", 0, "", 0, true },
		{ "part of an array", BEGINNING "*2\r\n", key, 1, "", 0, true },
		{ "part of a key", BEGINNING "*1\r\n", "$2\r\na", 1, "", 0,
		    true },
		{ "one octet", "*", "", 0, "", 0, true },
		{ "a message, then part of one", MESSAGE, "", 0, "*", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tracking *tracking = start();

		print_message("case: %s\n", rows[i].label);
		say_row(rows[i].first, rows[i].often, rows[i].n, rows[i].last);
		assert_int_equal(tracking_read(tracking, NULL), ERR_OK);
		assert_int_equal(told.n_keys, rows[i].n_keys);
		assert_int_equal(told.n_all, 0);
		assert_int_equal(tracking_lags(tracking), rows[i].lags);
		stop(tracking);
	}
}

/* Only an answer to PING ends the doubt; it comes after what was pending. */
static void
test_sync(void **state)
{
	struct tracking *tracking = start();

	(void)state;
	say(BEGINNING "*1\r\n$2\r\na");
	assert_int_equal(tracking_read(tracking, NULL), ERR_OK);
	assert_true(tracking_lags(tracking));
	say("b\r\n");
	assert_int_equal(tracking_read(tracking, NULL), ERR_OK);
	assert_int_equal(told.n_keys, 1);
	assert_true(tracking_lags(tracking));
	say(BEGINNING "*1\r\n$2\r\ncd\r\n" PONG);
	assert_int_equal(tracking_sync(tracking, NULL), ERR_OK);
	assert_int_equal(told.n_keys, 2);
	assert_string_equal(told.last, "cd");
	assert_false(tracking_lags(tracking));
	assert_true(tracking_is_on(tracking));
	stop(tracking);
}

/* Nothing may be believed any more, and tracking is off. */
static void
test_all_changed(void **state)
{
	static const struct {
		const char *label, *said;
		bool is_on;
	} rows[] = {
		{ "all keys", BEGINNING "*-1\r\n", true },
		{ "not a message", "+OK\r\n", false },
		{ "another kind", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
		    false },
		{ "not RESP", "!\r\n", false },
		{ "closed", NULL, false },
		{ "closed within a message", BEGINNING, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tracking *tracking = start();
		enum err_code rc;

		print_message("case: %s\n", rows[i].label);
		if (rows[i].said != NULL)
			say(rows[i].said);
		if (strstr(rows[i].label, "closed") != NULL)
			assert_int_equal(shutdown(server, SHUT_WR), 0);
		rc = tracking_read(tracking, NULL);
		assert_int_equal(rc == ERR_OK, rows[i].is_on);
		assert_int_equal(tracking_is_on(tracking), rows[i].is_on);
		assert_int_equal(tracking_fd(tracking) >= 0, rows[i].is_on);
		assert_int_equal(told.n_all, 1);
		stop(tracking);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lags),
		cmocka_unit_test(test_sync),
		cmocka_unit_test(test_all_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
