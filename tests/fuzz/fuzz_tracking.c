/*
 * Whatever Redis says on the connection that it tells changes to, DNS gets one
 * whole answer of well-formed lines to each question.
 *
 * A thread plays Redis and answers commands as Redis does, but PING, which gets
 * what the input has for it.  The rest of the input is said unasked.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipe-backend/backend.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/played.h"

#define CONNECTIONS_MAX 8
#define SAID_MAX        16384
/* So many messages at once make it send a PING. */
#define N_MESSAGES 70

static const char message[] = "*3\r\n$7\r\nmessage\r\n$20\r\n"
			      "__redis__:invalidate\r\n"
			      "*1\r\n$12\r\nacmeproxy:ab\r\n";

/* The reply to each command, by the word that only this command has. */
static const struct {
	const char *word, *reply;
} replies[] = {
	{ "TRACKING", "+OK\r\n" },
	{ "ID", ":7\r\n" },
	{ "SUBSCRIBE",
	    "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n" },
	{ "suffix_match", "$4\r\ntrue\r\n" },
	{ "children", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n" },
	{ "ZRANGE", "*2\r\n$3\r\nabc\r\n$3\r\ninf\r\n" },
	{ "schema", "*2\r\n$32\r\n" PLAYED_ID "\r\n$1\r\n3\r\n" },
	{ "TIME", "*2\r\n$10\r\n1700000000\r\n$1\r\n1\r\n" },
};

static struct {
	int fd;
	atomic_int follower; /* Redis's end of the connection that is told */
	const uint8_t *pong; /* instead of it, unless it has no octets */
	size_t pong_len;
} store = { .fd = -1 };

static struct backend backend;

static void
say(int fd, const void *octets, size_t len)
{
	(void)!write(fd, octets, len);
}

static void
answer_ping(int fd)
{
	static const char pong[] = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";

	if (store.pong_len > 0)
		say(fd, store.pong, store.pong_len);
	else
		say(fd, pong, sizeof(pong) - 1);
}

/* Answer a command that has a NUL where the next begins. */
static void
answer(int fd, const char *command)
{
	if (strstr(command, "\r\nPING\r\n") != NULL)
		answer_ping(fd);
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		char word[32];

		(void)snprintf(word, sizeof(word), "\r\n%s\r\n",
		    replies[i].word);
		if (strstr(command, word) == NULL)
			continue;
		say(fd, replies[i].reply, strlen(replies[i].reply));
		if (strcmp(replies[i].word, "SUBSCRIBE") == 0)
			store.follower = fd;
		return;
	}
}

/* Answer all commands that there are; false at the end of the connection. */
static bool
serve(int fd)
{
	char commands[16384];
	ssize_t n = read(fd, commands, sizeof(commands) - 1);

	if (n <= 0)
		return false;
	commands[n] = '\0';
	for (char *at = commands; at != NULL;) {
		char *end = strstr(at + 1, "\n*");

		if (end != NULL)
			*++end = '\0';
		answer(fd, at);
		if (end != NULL)
			*end = '*';
		at = end;
	}
	return true;
}

static void *
run(void *arg)
{
	struct pollfd fds[1 + CONNECTIONS_MAX];
	nfds_t n = 1;

	(void)arg;
	fds[0] = (struct pollfd){ .fd = store.fd, .events = POLLIN };
	for (;;) {
		CHECK(poll(fds, n, -1) > 0);
		for (nfds_t i = n; i-- > 1;) {
			if (fds[i].revents == 0 || serve(fds[i].fd))
				continue;
			if (store.follower == fds[i].fd)
				store.follower = -1;
			(void)close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[0].revents == 0)
			continue;
		CHECK(n <= CONNECTIONS_MAX);
		fds[n].fd = accept(store.fd, NULL, NULL);
		CHECK(fds[n].fd >= 0);
		fds[n].revents = 0;
		fds[n++].events = POLLIN;
	}
	return NULL;
}

static void
init(struct settings *settings)
{
	pthread_t thread;

	store.fd = played_listen(settings, "\"dns_copy_mib\": 1, ", 10);
	CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
}

static void
ask(void)
{
	static const char line[] = "Q\t_acme-challenge.a.b\tIN\tANY\t-1\t::1";
	static struct reply reply;

	CHECK(backend_answer(&backend, line, &reply, NULL) == ERR_OK);
	check_answer(&reply, line, backend.version);
}

/* Is there something to read, which the main loop would read while idle? */
static bool
is_readable(void)
{
	struct pollfd fd = { .fd = backend_fd(&backend), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* An array of a billion elements: hiredis would make, and free, each of them.
 */
static bool
has_huge_array(const uint8_t *data, size_t size)
{
	size_t n_digits = 0;
	bool is_array = false;

	for (size_t i = 0; i < size; i++) {
		bool is_digit = data[i] >= '0' && data[i] <= '9';

		if (data[i] == '*')
			is_array = true;
		else if (!is_digit && data[i] != '+' && data[i] != '-')
			is_array = false;
		n_digits = is_array && is_digit ? n_digits + 1 : 0;
		if (n_digits > 5)
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings;
	const uint8_t *unasked;
	size_t unasked_len;

	if (store.fd < 0)
		init(&settings);
	/* A flag; how long the answer to PING is; that; and the rest. */
	if (size < 2 || data[1] > size - 2 || size > SAID_MAX ||
	    has_huge_array(data, size))
		return 0;
	store.pong = data + 2;
	store.pong_len = data[1];
	unasked = data + 2 + data[1];
	unasked_len = size - 2 - data[1];
	backend.version = 5;
	CHECK(backend_set_up(&backend, &settings, NULL) == ERR_OK);
	ask();
	for (int i = 0; (data[0] & 1) != 0 && i < N_MESSAGES; i++)
		say(store.follower, message, sizeof(message) - 1);
	say(store.follower, unasked, unasked_len);
	if ((data[0] & 2) != 0)
		(void)shutdown(store.follower, SHUT_WR);
	if ((data[0] & 4) != 0 && is_readable())
		backend_idle(&backend);
	/* Nothing is left that would wake the main loop again and again. */
	CHECK((data[0] & 4) == 0 || !is_readable());
	ask();
	ask();
	backend_wipe(&backend);
	return 0;
}
