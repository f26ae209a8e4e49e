#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/commands/publications.h"

#define STEPS_MAX 12
#define GOT_MAX   256
#define ALL       INT64_MAX

/* These names and values have the same hash. */
#define ONE   "a.b", "r0"
#define TWO   "a.b", "r38674"
#define THREE "n14686.b", "r0"

enum op { NOTHING, ADD, COMPLETE, FLUSH };

struct step {
	enum op op;
	const char *name, *value;
	int64_t ms;      /* when it was published or completed, or flushed */
	int64_t ends_ms; /* of ADD */
};

/*
 * Each flush gives "[...]" with the times when its publications were made, and
 * "=" with the time when one was marked complete.
 */
static const struct {
	const char *what;
	struct step steps[STEPS_MAX];
	const char *want;
} cases[] = {
	{ "nothing at all", { { .op = FLUSH, .ms = ALL } }, "[]" },
	{ "the order is that of adding",
	    {
		{ ADD, "c.b", "r", 1, 101 },
		{ ADD, "a.b", "r", 2, 102 },
		{ ADD, "b.b", "r", 2, 102 },
		{ ADD, "a.b", "q", 3, 103 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1 2 2 3]" },
	{ "a flush gives those that are not live, once",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "b.b", "r", 2, 102 },
		{ ADD, "c.b", "r", 3, 103 },
		{ .op = FLUSH, .ms = 100 },
		{ .op = FLUSH, .ms = 101 },
		{ .op = FLUSH, .ms = 102 },
		{ .op = FLUSH, .ms = 102 },
		{ .op = FLUSH, .ms = 104 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[][][1][][2 3][]" },
	{ "it is used again after everything was flushed",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ .op = FLUSH, .ms = ALL },
		{ COMPLETE, "a.b", "r", 2, 0 },
		{ ADD, "a.b", "r", 3, 103 },
		{ ADD, "b.b", "r", 4, 104 },
		{ COMPLETE, "a.b", "r", 5, 0 },
		{ .op = FLUSH, .ms = ALL },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1][3=5 4][]" },
	{ "completion is by name and value",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "a.b", "q", 2, 102 },
		{ ADD, "b.b", "r", 3, 103 },
		{ ADD, "b.b", "q", 4, 104 },
		{ COMPLETE, "a.b", "q", 50, 0 },
		{ COMPLETE, "b.b", "r", 51, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1 2=50 3=51 4]" },
	{ "completion is not by a part of name or value",
	    {
		{ ADD, "a.bc", "de", 1, 101 },
		{ COMPLETE, "a.b", "cde", 50, 0 },
		{ COMPLETE, "a.bcd", "e", 50, 0 },
		{ COMPLETE, "a.bc", "d", 50, 0 },
		{ COMPLETE, "a.b", "de", 50, 0 },
		{ COMPLETE, "a.bc", "DE", 50, 0 },
		{ COMPLETE, "a.bc", "", 50, 0 },
		{ COMPLETE, "", "", 50, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1]" },
	{ "completion in the last millisecond, and a flush in it",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ .op = FLUSH, .ms = 101 },
		{ COMPLETE, "a.b", "r", 101, 0 },
		{ .op = FLUSH, .ms = 102 },
	    },
	    "[][1=101]" },
	{ "completion a millisecond too late",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ COMPLETE, "a.b", "r", 102, 0 },
		{ .op = FLUSH, .ms = 102 },
	    },
	    "[1]" },
	{ "the first completion counts",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ COMPLETE, "a.b", "r", 50, 0 },
		{ COMPLETE, "a.b", "r", 60, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1=50]" },
	{ "a completed one stays until its end",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ COMPLETE, "a.b", "r", 50, 0 },
		{ .op = FLUSH, .ms = 60 },
		{ .op = FLUSH, .ms = 102 },
	    },
	    "[][1=50]" },
	/* One value twice. */
	{ "both are live",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "a.b", "r", 2, 102 },
		{ COMPLETE, "a.b", "r", 50, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1=50 2=50]" },
	{ "only the second is live",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "a.b", "r", 60, 160 },
		{ COMPLETE, "a.b", "r", 110, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1 60=110]" },
	{ "the first was flushed",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "a.b", "r", 60, 160 },
		{ .op = FLUSH, .ms = 110 },
		{ COMPLETE, "a.b", "r", 110, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1][60=110]" },
	{ "the first was completed before the second came",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ COMPLETE, "a.b", "r", 20, 0 },
		{ ADD, "a.b", "r", 30, 130 },
		{ COMPLETE, "a.b", "r", 40, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1=20 30=40]" },
	/* A registration's responses live for longer than others. */
	{ "a long life in front of short ones",
	    {
		{ ADD, "registration", "r", 1, 1001 },
		{ ADD, "a.b", "r", 2, 102 },
		{ ADD, "a.b", "q", 3, 103 },
		{ .op = FLUSH, .ms = 500 },
		{ COMPLETE, "a.b", "r", 500, 0 },
		{ COMPLETE, "registration", "r", 600, 0 },
		{ .op = FLUSH, .ms = 1001 },
		{ .op = FLUSH, .ms = 1002 },
	    },
	    "[][][1=600 2 3]" },
	{ "a long life between short ones",
	    {
		{ ADD, "a.b", "r", 1, 101 },
		{ ADD, "registration", "r", 2, 1002 },
		{ ADD, "a.b", "r", 3, 103 },
		{ .op = FLUSH, .ms = 500 },
		{ COMPLETE, "a.b", "r", 500, 0 },
		{ ADD, "a.b", "r", 501, 601 },
		{ COMPLETE, "a.b", "r", 502, 0 },
		{ .op = FLUSH, .ms = 1002 },
		{ .op = FLUSH, .ms = 1003 },
	    },
	    "[1][][2 3 501=502]" },
	/* One bucket. */
	{ "completion of each in one bucket",
	    {
		{ ADD, ONE, 1, 101 },
		{ ADD, TWO, 2, 102 },
		{ ADD, THREE, 3, 103 },
		{ COMPLETE, THREE, 50, 0 },
		{ COMPLETE, ONE, 51, 0 },
		{ COMPLETE, TWO, 52, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1=51 2=52 3=50]" },
	{ "those that stay in a bucket are found after a flush",
	    {
		{ ADD, ONE, 1, 101 },
		{ ADD, TWO, 2, 102 },
		{ ADD, THREE, 3, 303 },
		{ .op = FLUSH, .ms = 102 },
		{ COMPLETE, ONE, 102, 0 },
		{ COMPLETE, TWO, 102, 0 },
		{ .op = FLUSH, .ms = 103 },
		{ ADD, ONE, 104, 304 },
		{ COMPLETE, THREE, 105, 0 },
		{ COMPLETE, ONE, 106, 0 },
		{ .op = FLUSH, .ms = ALL },
	    },
	    "[1][2=102][3=105 104=106]" },
	/* What is left is freed, which only a sanitiser notices. */
	{ "nothing is flushed",
	    {
		{ ADD, "registration", "r", 1, 1001 },
		{ ADD, ONE, 2, 102 },
		{ ADD, TWO, 3, 103 },
		{ ADD, ONE, 4, 104 },
		{ COMPLETE, TWO, 50, 0 },
	    },
	    "" },
	{ "not everything is flushed",
	    {
		{ ADD, ONE, 1, 101 },
		{ ADD, TWO, 2, 102 },
		{ .op = FLUSH, .ms = 102 },
	    },
	    "[1]" },
};

#define IP      "192.0.2.1"
#define ACCOUNT "account-1"

static void
append_time(char *got, const char *before, int64_t ms)
{
	size_t len = strlen(got);

	(void)snprintf(got + len, GOT_MAX - len, "%s%" PRId64, before, ms);
}

static void
note(void *ctx, const struct publication *p)
{
	char *got = ctx;

	assert_string_equal(p->ip, IP);
	assert_string_equal(p->account, ACCOUNT);
	append_time(got, got[strlen(got) - 1] == '[' ? "" : " ",
	    p->created_at_ms);
	if (p->expired_at_ms != 0)
		append_time(got, "=", p->expired_at_ms);
}

/* Add one whose texts do not outlive the call. */
static void
add(struct publications *publications, const struct step *step)
{
	char name[16], value[16], ip[] = IP, account[] = ACCOUNT;
	struct publication p = { name, value, ip, account, step->ms,
		step->ends_ms, 0 };

	(void)snprintf(name, sizeof(name), "%s", step->name);
	(void)snprintf(value, sizeof(value), "%s", step->value);
	assert_int_equal(publications_add(publications, &p, NULL), ERR_OK);
	memset(name, 'x', sizeof(name));
	memset(value, 'x', sizeof(value));
	memset(ip, 'x', sizeof(ip));
	memset(account, 'x', sizeof(account));
}

static void
take_step(struct publications *publications, const struct step *step, char *got)
{
	switch (step->op) {
	case NOTHING:
		break;
	case ADD:
		add(publications, step);
		break;
	case COMPLETE:
		publications_complete(publications, step->name, step->value,
		    step->ms);
		break;
	case FLUSH:
		strcat(got, "[");
		publications_flush(publications, step->ms, note, got);
		strcat(got, "]");
		break;
	}
}

static void
test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct publications *publications;
		char got[GOT_MAX] = "";

		print_message("case %zu: %s\n", i, cases[i].what);
		assert_int_equal(publications_new(&publications, NULL), ERR_OK);
		for (size_t j = 0; j < STEPS_MAX; j++)
			take_step(publications, &cases[i].steps[j], got);
		assert_string_equal(got, cases[i].want);
		publications_free(publications);
	}
}

/* More values than there are buckets, each with a time of its own. */
#define MANY    40000
#define LIFE_MS 100000

static void
add_many(struct publications *publications)
{
	for (int i = 0; i < MANY; i++) {
		char value[16];
		struct publication p = { "a.b", value, "", "", i, i + LIFE_MS,
			0 };

		(void)snprintf(value, sizeof(value), "r%d", i);
		assert_int_equal(publications_add(publications, &p, NULL),
		    ERR_OK);
	}
}

/* Every third one is completed, once all have been published. */
static void
complete_many(struct publications *publications)
{
	for (int i = 0; i < MANY; i += 3) {
		char value[16];

		(void)snprintf(value, sizeof(value), "r%d", i);
		publications_complete(publications, "a.b", value, MANY + i);
	}
}

static void
check_next(void *ctx, const struct publication *p)
{
	int *next = ctx;
	char value[16];

	(void)snprintf(value, sizeof(value), "r%d", *next);
	assert_string_equal(p->name, "a.b");
	assert_string_equal(p->value, value);
	assert_string_equal(p->ip, "");
	assert_string_equal(p->account, "");
	assert_int_equal(p->created_at_ms, *next);
	assert_int_equal(p->ends_at_ms, *next + LIFE_MS);
	assert_int_equal(p->expired_at_ms, *next % 3 == 0 ? MANY + *next : 0);
	(*next)++;
}

static void
test_many_values(void **state)
{
	struct publications *publications;
	int next = 0;

	(void)state;
	assert_int_equal(publications_new(&publications, NULL), ERR_OK);
	add_many(publications);
	complete_many(publications);
	publications_flush(publications, LIFE_MS, check_next, &next);
	assert_int_equal(next, 0);
	publications_flush(publications, LIFE_MS + MANY / 2, check_next, &next);
	assert_int_equal(next, MANY / 2);
	publications_flush(publications, ALL, check_next, &next);
	assert_int_equal(next, MANY);
	publications_free(publications);
}

static void
test_free_nothing(void **state)
{
	struct publications *publications;

	(void)state;
	publications_free(NULL);
	assert_int_equal(publications_new(&publications, NULL), ERR_OK);
	publications_free(publications);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
