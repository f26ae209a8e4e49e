#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipe-backend/backend.h"

/* None of these tests can reach the store. */
static const char settings_text[] =
    "{\"soa_hostname\": \"ns1.example.net\", "
    "\"soa_contact\": \"hostmaster.example.net\", "
    "\"redis\": {\"socket\": \"/nonexistent/redis.sock\"}}";

#define CHALLENGE "_acme-challenge.example.com"
#define TAIL      "\t-1\t192.0.2.1"

static const struct {
	unsigned version; /* 0: no handshake yet */
	const char *line, *want;
} cases[] = {
	/* The handshake. */
	{ 0, "HELO\t1", "OK\tacmeproxy-pipe\n" },
	{ 0, "HELO\t2", "OK\tacmeproxy-pipe\n" },
	{ 0, "HELO\t3", "OK\tacmeproxy-pipe\n" },
	{ 0, "HELO\t4", "OK\tacmeproxy-pipe\n" },
	{ 0, "HELO\t5", "OK\tacmeproxy-pipe\n" },
	{ 0, "HELO", "FAIL\n" },
	{ 0, "HELO\tx", "FAIL\n" },
	{ 0, "Q\tn.example\tIN\tANY" TAIL, "FAIL\n" },
	/* Names that are not ours are left to other backends. */
	{ 1, "Q\texample.com\tIN\tANY" TAIL, "END\n" },
	{ 3, "Q\texample.com\tIN\tSOA" TAIL, "END\n" },
	{ 3, "Q\t_acme-challenge\tIN\tSOA" TAIL, "END\n" },
	{ 3, "Q\t*.example.com\tIN\tANY" TAIL, "END\n" },
	{ 3, "Q\t.\tIN\tSOA" TAIL, "END\n" },
	{ 3, "Q\t_acme-challenge.a b\tIN\tSOA" TAIL, "END\n" },
	{ 3, "Q\t_acme-challenge\\046a.b\tIN\tSOA" TAIL, "END\n" },
	{ 3, "Q\t" CHALLENGE "\tIN\tA" TAIL, "END\n" },
	{ 3, "Q\t" CHALLENGE "\tCH\tTXT" TAIL, "END\n" },
	/* Names that may be ours get FAIL, and SOA an END after it. */
	{ 1, "Q\t" CHALLENGE "\tIN\tANY" TAIL, "FAIL\n" },
	{ 5, "Q\t" CHALLENGE "\tIN\tANY" TAIL, "FAIL\n" },
	{ 3, "Q\t" CHALLENGE "\tIN\tTXT" TAIL, "FAIL\n" },
	{ 3, "Q\t" CHALLENGE "\tIN\tNS" TAIL, "FAIL\n" },
	{ 3, "Q\t" CHALLENGE "\tIN\tCAA" TAIL, "FAIL\n" },
	{ 3, "Q\t" CHALLENGE "\tIN\tSOA" TAIL, "FAIL\nEND\n" },
	{ 3, "Q\t_ACME-Challenge.Example.COM\tIN\tSOA" TAIL, "FAIL\nEND\n" },
	/* Other lines. */
	{ 3, "AXFR\t1\texample.com", "FAIL\n" },
	{ 3, "Q\t" CHALLENGE, "FAIL\n" },
	{ 3, "", "FAIL\n" },
	{ 3, "junk", "FAIL\n" },
};

static struct backend backend;
static struct reply reply;

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		print_message("case %zu: %s\n", i, cases[i].line);
		backend.version = cases[i].version;
		assert_int_equal(backend_answer(&backend, cases[i].line, &reply,
				     NULL),
		    ERR_OK);
		assert_int_equal(reply.len, strlen(cases[i].want));
		assert_memory_equal(reply.text, cases[i].want, reply.len);
	}
}

static const struct {
	const char *line;
	enum err_code want;
	unsigned version; /* afterwards */
} handshakes[] = {
	{ "HELO\t1", ERR_OK, 1 }, { "HELO\t5", ERR_OK, 5 },
	{ "HELO\t0", ERR_INPUT, 0 }, { "HELO\t6", ERR_INPUT, 0 },
	{ "HELO\t1000", ERR_INPUT, 0 },
	{ "HELO\t1001", ERR_OK, 0 }, /* malformed: FAIL, and no error */
};

static void
test_handshake(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(handshakes); i++) {
		struct err err = { 0 };

		print_message("case %zu: %s\n", i, handshakes[i].line);
		backend.version = 0;
		assert_int_equal(backend_answer(&backend, handshakes[i].line,
				     &reply, &err),
		    handshakes[i].want);
		assert_int_equal(backend.version, handshakes[i].version);
		if (handshakes[i].version == 0) {
			assert_int_equal(reply.len, strlen("FAIL\n"));
			assert_memory_equal(reply.text, "FAIL\n", reply.len);
		}
		if (handshakes[i].want != ERR_OK)
			assert_string_not_equal(err.text, "");
	}
}

static const struct {
	const char *line, *want;
} without_settings[] = {
	{ "Q\t" CHALLENGE "\tIN\tANY" TAIL, "FAIL\n" },
	{ "Q\t" CHALLENGE "\tIN\tSOA" TAIL, "FAIL\nEND\n" },
	{ "Q\t_validation-persist.a.b\tIN\tSOA" TAIL, "FAIL\nEND\n" },
	{ "Q\twww.example.org\tIN\tSOA" TAIL, "END\n" },
	{ "Q\twww.example.org\tIN\tANY" TAIL, "END\n" },
	{ "Q\t.\tIN\tSOA" TAIL, "END\n" },
};

/* Without settings of ours, other backends still serve their names. */
static void
test_without_settings(void **state)
{
	static struct backend bare;

	(void)state;
	bare.version = 5;
	for (size_t i = 0; i < COUNT_OF(without_settings); i++) {
		print_message("case %zu: %s\n", i, without_settings[i].line);
		assert_int_equal(backend_answer(&bare, without_settings[i].line,
				     &reply, NULL),
		    ERR_OK);
		assert_int_equal(reply.len, strlen(without_settings[i].want));
		assert_memory_equal(reply.text, without_settings[i].want,
		    reply.len);
	}
}

/* The answer to a CMD is text and an END. */
static void
test_cmd(void **state)
{
	(void)state;
	assert_int_equal(backend_answer(&backend, "CMD\tstatus", &reply, NULL),
	    ERR_OK);
	assert_true(reply.len > strlen("\nEND\n"));
	assert_memory_equal(reply.text + reply.len - 5, "\nEND\n", 5);
	assert_memory_not_equal(reply.text, "END", 3);
}

static int
open_backend(void **state)
{
	static struct settings settings;

	(void)state;
	if (settings_parse(&settings, settings_text, strlen(settings_text), "-",
		NULL) != ERR_OK)
		return -1;
	return backend_set_up(&backend, &settings, NULL) == ERR_OK ? 0 : -1;
}

static int
close_backend(void **state)
{
	(void)state;
	backend_wipe(&backend);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_without_settings),
		cmocka_unit_test(test_cmd),
	};

	return cmocka_run_group_tests(tests, open_backend, close_backend);
}
