/*
 * Every line gets one whole answer when the store cannot be reached.  An input
 * is a few lines, as PowerDNS would send them.
 */
#include <stdlib.h>
#include <string.h>

#include "pipe-backend/backend.h"
#include "pipe-backend/question.h"
#include "tests/fuzz/check.h"

static void
check_question(const char *line)
{
	struct question q = { 0 };

	if (question_parse(&q, line, NULL) != ERR_OK || q.kind != QUESTION_Q)
		return;
	CHECK(strnlen(q.qname, sizeof(q.qname)) < sizeof(q.qname));
	CHECK(q.qname[0] != '\0' && strchr(q.qname, '\t') == NULL);
	CHECK(strncmp(line + 2, q.qname, strlen(q.qname)) == 0);
	CHECK(line[2 + strlen(q.qname)] == '\t');
}

static void
init(struct backend *backend)
{
	static const char text[] = "{\"soa_hostname\": \"ns1.example.net\", "
				   "\"soa_contact\": \"a.example.net\", "
				   "\"redis\": {\"socket\": \"/nonexistent\"}}";

	static struct settings settings;

	CHECK(
	    settings_parse(&settings, text, strlen(text), "-", NULL) == ERR_OK);
	CHECK(backend_set_up(backend, &settings, NULL) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct backend backend;
	static struct reply reply;
	char *text, *line, *end;
	enum err_code rc = ERR_OK;

	if (backend.settings == NULL)
		init(&backend);
	backend.version = 0;
	text = malloc(size + 1);
	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (line = text; rc == ERR_OK && line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		check_question(line);
		rc = backend_answer(&backend, line, &reply, NULL);
		CHECK(backend.version <= BACKEND_VERSION_MAX);
		CHECK(rc == ERR_OK || strncmp(line, "HELO\t", 5) == 0);
		check_answer(&reply, line, backend.version);
	}
	free(text);
	return 0;
}
