#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/attr.h"
#include "pipe-backend/copy.h"

#define LONGEST    65535 /* octets of a key or a value */
#define INSERTIONS 100000
#define ENTRY_MIN  40 /* octets of an entry beside its key and value */

static struct copy *copy;

static struct copy_key
key_of(int kind, const char *text)
{
	return (struct copy_key){ kind, text, strlen(text) };
}

static void
put(int kind, const char *key, const char *value)
{
	const struct copy_key k = key_of(kind, key);

	copy_put(copy, &k, value, strlen(value));
}

/* The value of a key as a text; NULL when there is none. */
static const char *
find(int kind, const char *key)
{
	static char text[64];
	const struct copy_key k = key_of(kind, key);
	size_t len;
	const char *value = copy_find(copy, &k, &len);

	if (value == NULL)
		return NULL;
	assert_true(len < sizeof(text));
	memcpy(text, value, len);
	text[len] = '\0';
	return text;
}

enum step { PUT, DROP, CLEAR, FIND };

/* One after the other; value is what is put, or what is found. */
static const struct {
	enum step step;
	int kind;
	const char *key, *value;
} steps[] = {
	{ FIND, 0, "a", NULL },
	{ DROP, 0, "a", NULL },
	{ CLEAR, 0, NULL, NULL },
	{ PUT, 0, "a", "1" },
	{ FIND, 0, "a", "1" },
	/* Replace, by something longer, shorter, empty. */
	{ PUT, 0, "a", "longer than that" },
	{ FIND, 0, "a", "longer than that" },
	{ PUT, 0, "a", "2" },
	{ FIND, 0, "a", "2" },
	{ PUT, 0, "a", "" },
	{ FIND, 0, "a", "" },
	/* Another kind is another key. */
	{ FIND, 1, "a", NULL },
	{ PUT, 1, "a", "of kind 1" },
	{ PUT, 0, "a", "of kind 0" },
	{ PUT, -1, "a", "of kind -1" },
	{ FIND, 0, "a", "of kind 0" },
	{ FIND, 1, "a", "of kind 1" },
	{ FIND, -1, "a", "of kind -1" },
	{ DROP, 1, "a", NULL },
	{ FIND, 1, "a", NULL },
	{ FIND, 0, "a", "of kind 0" },
	{ FIND, -1, "a", "of kind -1" },
	/* What it begins with, and what begins with it, are other keys. */
	{ PUT, 0, "ab", "two" },
	{ FIND, 0, "a", "of kind 0" },
	{ FIND, 0, "ab", "two" },
	{ FIND, 0, "abc", NULL },
	{ FIND, 0, "A", NULL },
	{ FIND, 0, "", NULL },
	{ PUT, 0, "", "none" },
	{ FIND, 0, "", "none" },
	/* The key is kept next to the value: neither is the other. */
	{ PUT, 0, "k", "vk" },
	{ PUT, 0, "kv", "k" },
	{ FIND, 0, "k", "vk" },
	{ FIND, 0, "kv", "k" },
	/* Dropping one leaves the others; twice is once. */
	{ DROP, 0, "ab", NULL },
	{ DROP, 0, "ab", NULL },
	{ FIND, 0, "ab", NULL },
	{ FIND, 0, "a", "of kind 0" },
	{ CLEAR, 0, NULL, NULL },
	{ FIND, 0, "a", NULL },
	{ FIND, -1, "a", NULL },
	{ FIND, 0, "kv", NULL },
	{ PUT, 0, "a", "again" },
	{ FIND, 0, "a", "again" },
};

static void
test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const struct copy_key key = key_of(steps[i].kind,
		    steps[i].key != NULL ? steps[i].key : "");
		const char *found;

		print_message("step %zu\n", i);
		switch (steps[i].step) {
		case PUT:
			put(steps[i].kind, steps[i].key, steps[i].value);
			break;
		case DROP:
			copy_drop(copy, &key);
			break;
		case CLEAR:
			copy_clear(copy);
			break;
		case FIND:
			found = find(steps[i].kind, steps[i].key);
			if (steps[i].value == NULL)
				assert_null(found);
			else
				assert_string_equal(found, steps[i].value);
			break;
		}
	}
}

static const struct {
	size_t key_len, value_len;
	bool is_kept;
} lengths[] = {
	{ 0, 0, true },
	{ 1, LONGEST, true },
	{ LONGEST, 1, true },
	{ LONGEST, LONGEST, true },
	{ LONGEST, 0, true },
	{ 0, LONGEST, true },
	{ 1, LONGEST + 1, false },
	{ LONGEST + 1, 1, false },
};

/* What is too long is not kept, nor is what was there before. */
static void
test_lengths(void **state)
{
	static char octets[LONGEST + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i % 251);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		const struct copy_key key = { 0, octets, lengths[i].key_len };
		const void *value;
		size_t len;

		print_message("case %zu\n", i);
		copy_put(copy, &key, "before", 6);
		copy_put(copy, &key, octets, lengths[i].value_len);
		value = copy_find(copy, &key, &len);
		if (!lengths[i].is_kept) {
			assert_null(value);
			continue;
		}
		assert_non_null(value);
		assert_int_equal(len, lengths[i].value_len);
		assert_memory_equal(value, octets, len);
	}
}

static void
put_number(int kind, unsigned n, size_t value_len)
{
	static const char value[1024];
	char name[16];
	struct copy_key key = { kind, name, 0 };

	key.len = (size_t)snprintf(name, sizeof(name), "%u", n);
	copy_put(copy, &key, value, value_len);
}

static bool
has_number(int kind, unsigned n)
{
	char name[16];
	struct copy_key key = { kind, name, 0 };
	size_t len;

	key.len = (size_t)snprintf(name, sizeof(name), "%u", n);
	return copy_find(copy, &key, &len) != NULL;
}

static unsigned
count_kept(int kind, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		kept += has_number(kind, i);
	return kept;
}

/*
 * Each row: so many insertions of so many octets, of which there is room for no
 * more than `most`, and surely for `least`.
 */
static const struct {
	size_t max, value_len;
	unsigned least, most;
} bounds[] = {
	{ 0, 0, COPY_MIN / 256, COPY_MIN / ENTRY_MIN },
	{ COPY_MIN, 100, COPY_MIN / 256, COPY_MIN / (ENTRY_MIN + 100) },
	{ COPY_MIN, 1000, COPY_MIN / 2048, COPY_MIN / (ENTRY_MIN + 1000) },
	{ (size_t)1 << 20, 100, (1 << 20) / 256,
	    (1 << 20) / (ENTRY_MIN + 100) },
	{ (size_t)64 << 20, 10, INSERTIONS, INSERTIONS },
};

static void
test_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bounds); i++) {
		size_t before, used;
		unsigned kept;

		copy_free(copy);
		before = mallinfo2().uordblks;
		assert_int_equal(copy_new(&copy, bounds[i].max, NULL), ERR_OK);
		for (unsigned n = 0; n < INSERTIONS; n++) {
			put_number(0, n, bounds[i].value_len);
			/* The one that a question needs next. */
			assert_true(has_number(0, n));
		}
		kept = count_kept(0, INSERTIONS);
		used = mallinfo2().uordblks - before;
		print_message("case %zu: %u are kept in %zu octets\n", i, kept,
		    used);
		assert_in_range(kept, bounds[i].least, bounds[i].most);
		/* Its table and the gaps of malloc() are not counted. */
		assert_true(used <= bounds[i].max + bounds[i].max / 4 ||
		    used <= COPY_MIN + COPY_MIN / 4);
	}
}

/* The same keys again and again take the room of one each. */
static void
test_replacing_takes_no_room(void **state)
{
	(void)state;
	for (unsigned n = 0; n < INSERTIONS; n++)
		put_number(0, n % 100, n % 1000);
	assert_int_equal(count_kept(0, 100), 100);
	for (unsigned n = 0; n < INSERTIONS; n++) {
		char name[16];
		const struct copy_key key = { 1, name,
			(size_t)snprintf(name, sizeof(name), "%u", n) };

		put_number(1, n, 100);
		copy_drop(copy, &key);
	}
	assert_int_equal(count_kept(0, 100), 100);
}

/*
 * What is used stays, however much comes that nobody asks for again.  With
 * values of this length a bucket has about one entry, and none gets full.
 */
#define USED_LEN 200

static void
test_the_least_recently_used_goes_first(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 20; n++)
		put_number(1, n, USED_LEN);
	for (unsigned n = 0; n < INSERTIONS; n++) {
		put_number(0, n, USED_LEN);
		if (n % 100 == 0) {
			assert_int_equal(count_kept(1, 10), 10);
			/* Put again, which is a use as well. */
			for (unsigned m = 10; m < 15; m++)
				put_number(1, m, USED_LEN);
		}
	}
	for (unsigned n = 0; n < 20; n++) {
		print_message("number %u\n", n);
		assert_int_equal(has_number(1, n), n < 15);
	}
	/* Of the others, the newest are here and the oldest are not. */
	assert_true(has_number(0, INSERTIONS - 1));
	assert_true(has_number(0, INSERTIONS - 500));
	assert_int_equal(count_kept(0, 1000), 0);
}

static int
open_copy(void **state)
{
	(void)state;
	return copy_new(&copy, COPY_MIN, NULL) == ERR_OK ? 0 : -1;
}

static int
close_copy(void **state)
{
	(void)state;
	copy_free(copy);
	copy = NULL;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_copy, close_copy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_lengths),
		TEST(test_bounds),
		TEST(test_replacing_takes_no_room),
		TEST(test_the_least_recently_used_goes_first),
	};

	copy_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
