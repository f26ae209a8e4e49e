#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/settings.h"
#include "common/store.h"
#include "common/txtvalue.h"
#include "pipe-backend/question.h"
#include "pipe-backend/reply.h"

static struct reply reply;

/* DATA lines of each version; from 3 on they have scopebits and auth. */
static const struct {
	struct reply_owner owner;
	const char *want;
} data_cases[] = {
	{ { 1, "a.example", 7, false, RRTYPE_ANY },
	    "DATA\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 1, "a.example", 7, false, RRTYPE_SOA },
	    "DATA\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 2, "a.example", 7, false, RRTYPE_ANY },
	    "DATA\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 2, "a.example", 7, false, RRTYPE_SOA },
	    "DATA\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 3, "a.example", 7, false, RRTYPE_ANY },
	    "DATA\t1\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 3, "a.example", 7, false, RRTYPE_SOA },
	    "DATA\t0\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 4, "a.example", 7, false, RRTYPE_ANY },
	    "DATA\t1\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 4, "a.example", 7, false, RRTYPE_SOA },
	    "DATA\t0\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 5, "a.example", 7, false, RRTYPE_ANY },
	    "DATA\t1\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 5, "a.example", 7, false, RRTYPE_SOA },
	    "DATA\t0\t1\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 3, "a.example", 7, true, RRTYPE_ANY },
	    "DATA\t1\t0\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 2, "a.example", 7, true, RRTYPE_ANY },
	    "DATA\ta.example\tIN\tTXT\t60\t7\t" },
	{ { 1, "aB.ExAmPlE", INT32_MAX, false, RRTYPE_ANY },
	    "DATA\taB.ExAmPlE\tIN\tTXT\t60\t2147483647\t" },
	{ { 1, "%s%n", 0, false, RRTYPE_ANY }, "DATA\t%s%n\tIN\tTXT\t60\t0\t" },
};

static void
expect(const char *want)
{
	assert_int_equal(reply.len, strlen(want));
	assert_memory_equal(reply.text, want, reply.len);
}

static void
test_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(data_cases); i++) {
		char want[256];

		print_message("case %zu: version %u\n", i,
		    data_cases[i].owner.version);
		(void)snprintf(want, sizeof(want), "%s\"v 1\"\nEND\n",
		    data_cases[i].want);
		reply_begin(&reply);
		reply_data(&reply, &data_cases[i].owner, "TXT", 60, "\"%s %d\"",
		    "v", 1);
		assert_true(reply_end(&reply));
		expect(want);
	}
}

static void
test_whole_answers(void **state)
{
	const struct reply_owner owner = { 1, "a.b", 1, false, RRTYPE_ANY };

	(void)state;
	reply_begin(&reply);
	assert_true(reply_end(&reply));
	expect("END\n");

	reply_begin(&reply);
	reply_data(&reply, &owner, "NS", 60, "ns1.example");
	reply_data(&reply, &owner, "NS", 60, "ns2.example");
	assert_true(reply_end(&reply));
	expect("DATA\ta.b\tIN\tNS\t60\t1\tns1.example\n"
	       "DATA\ta.b\tIN\tNS\t60\t1\tns2.example\nEND\n");

	reply_begin(&reply);
	reply_line(&reply, "OK\t%s", "banner");
	expect("OK\tbanner\n");
}

/* FAIL replaces what was gathered; for SOA an END follows it. */
static void
test_fail_drops_what_was_gathered(void **state)
{
	const struct reply_owner owner = { 3, "a.b", 1, false, RRTYPE_ANY };

	(void)state;
	for (int n = 0; n < 3; n++) {
		reply_begin(&reply);
		for (int i = 0; i < n; i++)
			reply_data(&reply, &owner, "TXT", 1, "\"%d\"", i);
		reply_fail(&reply, false);
		expect("FAIL\n");
		reply_fail(&reply, true);
		expect("FAIL\nEND\n");
	}
}

/* Fill the reply until `room` octets are left. */
static void
fill_but(size_t room)
{
	static char pad[REPLY_MAX + 1];

	memset(pad, 'x', sizeof(pad));
	pad[REPLY_MAX - room - 1] = '\0'; /* and the newline */
	reply_begin(&reply);
	reply_line(&reply, "%s", pad);
}

/*
 * How many octets are left for END and the NUL after it.  When they are too
 * few, the answer is FAIL alone.
 */
static const struct {
	size_t room;
	bool want;
} room_cases[] = {
	{ 6, true },
	{ 5, true },
	{ 4, false },
	{ 3, false },
	{ 1, false },
	{ 0, false },
};

static void
test_overflow(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(room_cases); i++) {
		print_message("case %zu: room %zu\n", i, room_cases[i].room);
		fill_but(room_cases[i].room);
		assert_int_equal(reply_end(&reply), room_cases[i].want);
		assert_true(reply.len < sizeof(reply.text));
		reply_fail(&reply, false);
		expect("FAIL\n");
		assert_false(reply.overflow);
	}
}

/* A line that did not fit counts, even if a shorter one fits after it. */
static void
test_overflow_is_remembered(void **state)
{
	const struct reply_owner owner = { 3, "a.b", 1, false, RRTYPE_ANY };

	(void)state;
	fill_but(100);
	reply_data(&reply, &owner, "TXT", 1, "%0100d", 0);
	reply_data(&reply, &owner, "TXT", 1, "\"v\"");
	assert_false(reply_end(&reply));
	reply_begin(&reply);
	assert_true(reply_end(&reply));
	expect("END\n");
}

/* Every record that one answer can have, at its greatest length. */
static void
test_largest_answer_fits(void **state)
{
	static char qname[QUESTION_QNAME_MAX], content[TXTVALUE_MAX + 1];
	const struct reply_owner owner = { 5, qname, INT32_MAX, false,
		RRTYPE_ANY };

	(void)state;
	memset(qname, 'q', sizeof(qname) - 1);
	memset(content, 'v', sizeof(content) - 1);
	reply_begin(&reply);
	reply_data(&reply, &owner, "SOA", 86400, "%s %s 1 2 3 4 5", content,
	    content);
	for (size_t i = 0; i < SETTINGS_NAMESERVERS; i++)
		reply_data(&reply, &owner, "NS", 86400, "%s", content);
	for (size_t i = 0; i < SETTINGS_ISSUERS; i++)
		reply_data(&reply, &owner, "CAA", 86400, "0 issue \"%s\"",
		    content);
	for (size_t i = 0; i < STORE_VALUES_MAX; i++)
		reply_data(&reply, &owner, "TXT", 86400, "\"%s\"", content);
	assert_true(reply_end(&reply));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_whole_answers),
		cmocka_unit_test(test_fail_drops_what_was_gathered),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_overflow_is_remembered),
		cmocka_unit_test(test_largest_answer_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
