#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipe-backend/question.h"

#define NAME "_acme-challenge.example.com"
#define TAIL "\t-1\t192.0.2.1"

/* A Q line, the name exactly as it was sent, and the type. */
static const struct {
	const char *line, *qname;
	enum rrtype rrtype;
} q_cases[] = {
	/* The fields of versions 1, 2 and 3 of the protocol, and more. */
	{ "Q\t" NAME "\tIN\tTXT" TAIL, NAME, RRTYPE_TXT },
	{ "Q\t" NAME "\tIN\tTXT" TAIL "\t192.0.2.2", NAME, RRTYPE_TXT },
	{ "Q\t" NAME "\tIN\tTXT" TAIL "\t192.0.2.2\t192.0.2.0/24", NAME,
	    RRTYPE_TXT },
	{ "Q\t" NAME "\tIN\tTXT" TAIL "\t\t\tmore\tand more", NAME,
	    RRTYPE_TXT },
	/* Types. */
	{ "Q\ta.b\tIN\tANY" TAIL, "a.b", RRTYPE_ANY },
	{ "Q\ta.b\tIN\tSOA" TAIL, "a.b", RRTYPE_SOA },
	{ "Q\ta.b\tIN\tNS" TAIL, "a.b", RRTYPE_NS },
	{ "Q\ta.b\tIN\tCAA" TAIL, "a.b", RRTYPE_CAA },
	{ "Q\ta.b\tIN\tA" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\tIN\tTYPE65534" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\tIN\tTX" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\tIN\tTXTT" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\tIN\t" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\tCH\tTXT" TAIL, "a.b", RRTYPE_OTHER },
	{ "Q\ta.b\t\tTXT" TAIL, "a.b", RRTYPE_OTHER },
	/* Names are not changed. */
	{ "Q\t_aCmE-ChAlLeNgE.eXaMpLe.CoM\tIN\tTXT" TAIL,
	    "_aCmE-ChAlLeNgE.eXaMpLe.CoM", RRTYPE_TXT },
	{ "Q\t*.a.b\tIN\tTXT" TAIL, "*.a.b", RRTYPE_TXT },
	{ "Q\t.\tIN\tTXT" TAIL, ".", RRTYPE_TXT },
	{ "Q\ta\\046b\\\\.c\tIN\tTXT" TAIL, "a\\046b\\\\.c", RRTYPE_TXT },
	{ "Q\ta b\tIN\tTXT" TAIL, "a b", RRTYPE_TXT },
	{ "Q\t\xc3\xbc.b\tIN\tTXT" TAIL, "\xc3\xbc.b", RRTYPE_TXT },
	/* Nothing after the id is looked at. */
	{ "Q\ta.b\tIN\tTXT\t2147483647\ty", "a.b", RRTYPE_TXT },
};

static void
test_q(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(q_cases); i++) {
		struct question q;

		print_message("case %zu: %s\n", i, q_cases[i].line);
		memset(&q, 0xa5, sizeof(q));
		assert_int_equal(question_parse(&q, q_cases[i].line, NULL),
		    ERR_OK);
		assert_int_equal(q.kind, QUESTION_Q);
		assert_string_equal(q.qname, q_cases[i].qname);
		assert_int_equal(q.rrtype, q_cases[i].rrtype);
	}
}

static const struct {
	const char *line;
	enum question_kind kind;
	unsigned version; /* HELO */
} other_cases[] = {
	{ "HELO\t1", QUESTION_HELO, 1 },
	{ "HELO\t3", QUESTION_HELO, 3 },
	{ "HELO\t5", QUESTION_HELO, 5 },
	{ "HELO\t0", QUESTION_HELO, 0 },
	{ "HELO\t6", QUESTION_HELO, 6 },
	{ "HELO\t999", QUESTION_HELO, 999 },
	{ "AXFR\t7", QUESTION_AXFR, 0 },
	{ "AXFR\t7\texample.com", QUESTION_AXFR, 0 },
	{ "AXFR", QUESTION_AXFR, 0 },
	{ "CMD\tstatus", QUESTION_CMD, 0 },
	{ "CMD\ta\tb\tc\td\te\tf\tg\th\ti", QUESTION_CMD, 0 },
	{ "CMD\t", QUESTION_CMD, 0 },
	{ "CMD", QUESTION_CMD, 0 },
};

static void
test_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(other_cases); i++) {
		struct question q = { 0 };

		print_message("case %zu: %s\n", i, other_cases[i].line);
		assert_int_equal(question_parse(&q, other_cases[i].line, NULL),
		    ERR_OK);
		assert_int_equal(q.kind, other_cases[i].kind);
		assert_int_equal(q.version, other_cases[i].version);
	}
}

static const char *const junk[] = {
	"",
	" ",
	"\t",
	"\t\t\t\t\t\t\t\t\t\t",
	"junk",
	"END",
	"DATA\ta.b\tIN\tTXT\t1\t1\t\"x\"",
	"\xff\xfe",
	/* A tag is upper case and the whole first field. */
	"q\ta.b\tIN\tTXT" TAIL,
	" Q\ta.b\tIN\tTXT" TAIL,
	"\tQ\ta.b\tIN\tTXT" TAIL,
	"QQ\ta.b\tIN\tTXT" TAIL,
	"Q a.b IN TXT -1 192.0.2.1",
	"helo\t1",
	"HEL\t1",
	"HELO1",
	"CMDS",
	"AXFRx\t1",
	/* Too few fields. */
	"Q",
	"Q\t",
	"Q\ta.b",
	"Q\ta.b\tIN",
	"Q\ta.b\tIN\tTXT",
	"Q\ta.b\tIN\tTXT\t-1",
	/* Ids. */
	"Q\ta.b\tIN\tTXT\t\t192.0.2.1",
	"Q\ta.b\tIN\tTXT\tx\t192.0.2.1",
	"Q\ta.b\tIN\tTXT\t -1\t192.0.2.1",
	"Q\ta.b\tIN\tTXT\t-2\t192.0.2.1",
	"Q\ta.b\tIN\tTXT\t2147483648\t192.0.2.1",
	/* No name. */
	"Q\t\tIN\tTXT" TAIL,
	"Q\t\t\t\t\t",
	/* Versions. */
	"HELO",
	"HELO\t",
	"HELO 1",
	"HELO\tx",
	"HELO\t1x",
	"HELO\t1 ",
	"HELO\t1.0",
	"HELO\t0x1",
	"HELO\t-1",
	"HELO\t1001",
	"HELO\t4294967297",
	"HELO\t18446744073709551617",
	"HELO\t1\t",
	"HELO\t1\t2",
	"HELO\t\t1",
	"HELO\t1\r",
};

static void
test_junk(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(junk); i++) {
		struct question q = { 0 };
		struct err err = { 0 };

		print_message("case %zu: %s\n", i, junk[i]);
		assert_int_equal(question_parse(&q, junk[i], &err), ERR_INPUT);
		assert_string_not_equal(err.text, "");
	}
}

static void
test_longest_name(void **state)
{
	static char line[2 * QUESTION_QNAME_MAX];
	struct question q;

	(void)state;
	for (int more = 0; more <= 1; more++) {
		int len = QUESTION_QNAME_MAX - 1 + more;

		(void)snprintf(line, sizeof(line), "Q\t%0*d\tIN\tTXT" TAIL, len,
		    0);
		assert_int_equal(question_parse(&q, line, NULL),
		    more == 0 ? ERR_OK : ERR_INPUT);
		if (more == 0)
			assert_int_equal(strlen(q.qname), len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_q),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_longest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
