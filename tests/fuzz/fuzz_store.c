/*
 * Whatever a store says, DNS gets one whole answer of well-formed lines.  A
 * thread plays Redis: it answers a connection with the input, then with the
 * identity of the store that is meant, if the input asks for that, and hangs
 * up.
 */
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipe-backend/backend.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/played.h"

#define STORE_ANSWER_MAX 65536

/* The replies to HMGET acmeproxy:store id schema, and to TIME. */
static const char self[] = "*2\r\n$32\r\n" PLAYED_ID "\r\n$1\r\n3\r\n"
			   "*2\r\n$1\r\n1\r\n$1\r\n1\r\n";

static struct {
	bool is_meant;
	int fd;
	uint8_t answer[STORE_ANSWER_MAX];
	size_t answer_len;
} store = { .fd = -1 };

static struct backend backend;

static void *
serve(void *arg)
{
	char question[4096];

	(void)arg;
	for (;;) {
		int fd = accept(store.fd, NULL, NULL);

		CHECK(fd >= 0);
		if (read(fd, question, sizeof(question)) > 0) {
			(void)!write(fd, store.answer, store.answer_len);
			if (store.is_meant)
				(void)!write(fd, self, sizeof(self) - 1);
		}
		(void)shutdown(fd, SHUT_WR);
		/* Until the client closes it, or the answer may be lost. */
		while (read(fd, question, sizeof(question)) > 0)
			;
		(void)close(fd);
	}
	return NULL;
}

static void
init(struct settings *settings)
{
	pthread_t thread;

	store.fd = played_listen(settings,
	    "\"persistent_records\": true, \"dns_copy_mib\": 0, ", 500);
	CHECK(pthread_create(&thread, NULL, serve, NULL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const lines[] = {
		"Q\t_acme-challenge.A.b\tIN\tANY\t-1\t192.0.2.1",
		"Q\t_acme-challenge.a.B\tIN\tSOA\t-1\t192.0.2.1",
		"Q\t_validation-persist.a.B\tIN\tANY\t-1\t192.0.2.1",
	};
	static struct settings settings;
	static struct reply reply;
	const char *line;

	if (store.fd < 0)
		init(&settings);
	if (size < 1 || size - 1 > sizeof(store.answer))
		return 0;
	line = lines[data[0] % COUNT_OF(lines)];
	backend.version = data[0] / COUNT_OF(lines) % BACKEND_VERSION_MAX + 1;
	store.is_meant = data[0] < 0xf0;
	memcpy(store.answer, data + 1, size - 1);
	store.answer_len = size - 1;
	CHECK(backend_set_up(&backend, &settings, NULL) == ERR_OK);
	CHECK(backend_answer(&backend, line, &reply, NULL) == ERR_OK);
	check_answer(&reply, line, backend.version);
	backend_wipe(&backend);
	return 0;
}
