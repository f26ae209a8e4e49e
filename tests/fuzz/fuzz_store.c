/*
 * Whatever a store says, DNS gets one whole answer of well-formed lines.  A
 * thread plays Redis: it answers a connection with the input, then with the
 * identity of the store that is meant, if the input asks for that, and hangs
 * up.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pipe-backend/backend.h"
#include "tests/fuzz/check.h"

#define STORE_ANSWER_MAX 65536

#define ID               "00112233445566778899aabbccddeeff"

/* The replies to HMGET acmeproxy:store id schema, and to TIME. */
static const char self[] = "*2\r\n$32\r\n" ID "\r\n$1\r\n3\r\n"
			   "*2\r\n$1\r\n1\r\n$1\r\n1\r\n";

static struct {
	char dir[32], id_file[48];
	bool is_meant;
	struct sockaddr_un address;
	int fd;
	uint8_t answer[STORE_ANSWER_MAX];
	size_t answer_len;
} store = { .dir = "/tmp/fuzz_store.XXXXXX" };

static struct backend backend;

static void
remove_socket(void)
{
	(void)unlink(store.address.sun_path);
	(void)unlink(store.id_file);
	(void)rmdir(store.dir);
}

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
init(void)
{
	pthread_t thread;
	FILE *id_file;

	(void)signal(SIGPIPE, SIG_IGN);
	CHECK(mkdtemp(store.dir) != NULL);
	store.address.sun_family = AF_UNIX;
	(void)snprintf(store.address.sun_path, sizeof(store.address.sun_path),
	    "%s/s", store.dir);
	CHECK(atexit(remove_socket) == 0);
	store.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(store.fd >= 0);
	CHECK(bind(store.fd, (struct sockaddr *)&store.address,
		  sizeof(store.address)) == 0);
	CHECK(listen(store.fd, 1) == 0);
	CHECK(pthread_create(&thread, NULL, serve, NULL) == 0);
	(void)snprintf(store.id_file, sizeof(store.id_file), "%s/id",
	    store.dir);
	id_file = fopen(store.id_file, "w");
	CHECK(id_file != NULL && fputs(ID "\n", id_file) >= 0);
	CHECK(fclose(id_file) == 0);
}

static void
read_settings(struct settings *settings)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"soa_hostname\": \"ns1.example.net\", "
	    "\"soa_contact\": \"a.example.net\", "
	    "\"persistent_records\": true, "
	    "\"store_id_file\": \"%s\", \"dns_copy_mib\": 0, "
	    "\"redis\": {\"socket\": \"%s\"}}",
	    store.id_file, store.address.sun_path);
	CHECK(
	    settings_parse(settings, text, strlen(text), "-", NULL) == ERR_OK);
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

	if (store.address.sun_family == 0) {
		init();
		read_settings(&settings);
	}
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
