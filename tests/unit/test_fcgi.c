#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
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

#include "fcgi-app/server/fcgi.h"

#define BODY_LEN (1 << 20) /* more than a socket's buffer holds */

/* What a peer sends: BEGIN_REQUEST, no parameters, an empty body. */
static const char whole[] = "\1\1\0\1\0\10\0\0"
			    "\0\1\0\0\0\0\0\0"
			    "\1\4\0\1\0\0\0\0"
			    "\1\5\0\1\0\0\0\0";

struct side {
	char dir[sizeof("/tmp/fcgi.XXXXXX")];
	struct sockaddr_un address;
	int listen_fd, stop[2], peer;
	struct fcgi *fcgi;
	struct answer answer;
};

static int
set_up(void **state)
{
	struct side *s = calloc(1, sizeof(*s));
	char where[128];

	assert_non_null(s);
	memcpy(s->dir, "/tmp/fcgi.XXXXXX", sizeof(s->dir));
	assert_non_null(mkdtemp(s->dir));
	s->address.sun_family = AF_UNIX;
	(void)snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s/s",
	    s->dir);
	(void)snprintf(where, sizeof(where), "unix:%s", s->address.sun_path);
	assert_int_equal(fcgi_init(NULL), ERR_OK);
	assert_int_equal(fcgi_listen(&s->listen_fd, where, NULL), ERR_OK);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(fcgi_new(&s->fcgi, s->listen_fd, s->stop[0], 1, NULL),
	    ERR_OK);
	assert_int_equal(answer_init(&s->answer, NULL), ERR_OK);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct side *s = *state;

	fcgi_free(s->fcgi);
	answer_wipe(&s->answer);
	(void)close(s->peer);
	(void)close(s->stop[0]);
	(void)close(s->listen_fd);
	(void)unlink(s->address.sun_path);
	(void)rmdir(s->dir);
	free(s);
	return 0;
}

/* Have a peer ask, and make a long answer. */
static void
ask(struct side *s)
{
	struct request request;

	s->peer = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(s->peer, (struct sockaddr *)&s->address,
			     sizeof(s->address)),
	    0);
	assert_int_equal(write(s->peer, whole, sizeof(whole) - 1),
	    sizeof(whole) - 1);
	assert_true(fcgi_accept(s->fcgi, &request));
	assert_false(request.is_cut_off);
	assert_string_equal(request.method, "");
	answer_begin(&s->answer);
	s->answer.status = 200;
	s->answer.header = "";
	while (s->answer.len < BODY_LEN)
		answer_print(&s->answer, "%0128d", 0);
}

/* Read slowly to the end, and count the octets. */
static void *
read_slowly(void *arg)
{
	const struct side *s = arg;
	struct timespec pause = { .tv_nsec = 1000000 };
	static char octets[8192];
	static size_t total;
	ssize_t n;

	total = 0;
	while ((n = read(s->peer, octets, sizeof(octets))) > 0) {
		total += (size_t)n;
		(void)nanosleep(&pause, NULL);
	}
	return &total;
}

static void
test_a_long_answer_arrives(void **state)
{
	struct side *s = *state;
	pthread_t thread;
	void *total;

	ask(s);
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, s), 0);
	fcgi_answer(s->fcgi, &s->answer);
	assert_int_equal(pthread_join(thread, &total), 0);
	assert_true(*(size_t *)total > BODY_LEN);
}

static void
test_a_peer_that_does_not_read_is_left(void **state)
{
	struct side *s = *state;
	struct request request;
	size_t total;

	ask(s);
	fcgi_answer(s->fcgi, &s->answer);
	total = *(size_t *)read_slowly(s); /* what the socket's buffer held */
	assert_in_range(total, 1, BODY_LEN - 1);
	/* When it is time to stop, nobody waits any more. */
	(void)close(s->stop[1]);
	assert_false(fcgi_accept(s->fcgi, &request));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_peer_that_does_not_read_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_long_answer_arrives,
		    set_up, tear_down),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
