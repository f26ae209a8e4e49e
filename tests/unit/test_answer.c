#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "fcgi-app/api/answer.h"

#define LEN_MAX (1 << 20)

/* LEN_MAX octets, none of which is equal to its neighbours. */
static char *text;

static int
make_text(void **state)
{
	(void)state;
	text = malloc(LEN_MAX + 1);
	if (text == NULL)
		return -1;
	for (size_t i = 0; i < LEN_MAX; i++)
		text[i] = (char)('a' + (i + i / 26) % 26);
	text[LEN_MAX] = '\0';
	return 0;
}

static int
free_text(void **state)
{
	(void)state;
	free(text);
	return 0;
}

static struct answer
new_answer(void)
{
	struct answer answer;

	assert_int_equal(answer_init(&answer, NULL), ERR_OK);
	return answer;
}

/* The body is the first len octets of the text. */
static void
check_body(const struct answer *answer, size_t len)
{
	assert_int_equal(answer->len, len);
	assert_true(answer->size > len);
	assert_memory_equal(answer->body, text, len);
	assert_int_equal(answer->body[len], '\0');
	assert_false(answer->is_cut);
}

static void
check_defaults(const struct answer *answer)
{
	assert_int_equal(answer->status, 0);
	assert_string_equal(answer->header, "");
	assert_string_equal(answer->content_type, "application/json");
	check_body(answer, 0);
}

static void
print_until(struct answer *answer, size_t len)
{
	answer_print(answer, "%.*s", (int)(len - answer->len),
	    text + answer->len);
}

static void
test_defaults(void **state)
{
	struct answer answer = new_answer();

	(void)state;
	check_defaults(&answer);
	answer_wipe(&answer);
}

/* How long the body is after each print; 0 ends a row. */
static const size_t growths[][6] = {
	{ 1, 2, 3 },
	{ 4095, 4096, 4097 },
	{ 4096, 4097 },
	{ 4097, 8191, 8192, 8193 },
	{ 4000, 4095, 4095, 5000 },
	{ 1, 10000, 20001, 20002, 20003, 50000 },
	{ 100, 100000, 100001, 500000, LEN_MAX - 1, LEN_MAX },
	{ LEN_MAX, LEN_MAX },
};

static void
test_growth(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(growths); i++) {
		struct answer answer = new_answer();

		print_message("case %zu\n", i);
		for (size_t j = 0;
		     j < COUNT_OF(growths[i]) && growths[i][j] != 0; j++) {
			print_until(&answer, growths[i][j]);
			check_body(&answer, growths[i][j]);
		}
		answer_wipe(&answer);
	}
}

/* In one print, and in two: the first size and the second are among these. */
static void
test_each_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < 9000; len++) {
		struct answer answer = new_answer();

		print_until(&answer, len);
		check_body(&answer, len);
		print_until(&answer, 2 * len);
		check_body(&answer, 2 * len);
		answer_wipe(&answer);
	}
}

static void
test_octet_by_octet(void **state)
{
	struct answer answer = new_answer();

	(void)state;
	for (size_t len = 1; len < 20000; len++)
		print_until(&answer, len);
	check_body(&answer, 19999);
	answer_wipe(&answer);
}

/* The arguments are formatted again after the body has grown. */
static void
test_format(void **state)
{
	struct answer answer = new_answer();
	char *want = malloc(LEN_MAX + 16);

	(void)state;
	assert_non_null(want);
	answer_print(&answer, "%d-%s", -1, "b");
	assert_string_equal(answer.body, "-1-b");
	answer_print(&answer, "%c%zu%s%s", '!', (size_t)7, text, "c%d");
	(void)snprintf(want, LEN_MAX + 16, "-1-b!7%sc%%d", text);
	assert_string_equal(answer.body, want);
	assert_int_equal(answer.len, strlen(want));
	assert_false(answer.is_cut);
	free(want);
	answer_wipe(&answer);
}

/* How long the body is when nothing is added to it. */
static const size_t empties[] = { 0, 1, 4094, 4095, 4096, 100000 };

static void
test_empty_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(empties); i++) {
		struct answer answer = new_answer();
		size_t size;

		print_message("case %zu: %zu octets\n", i, empties[i]);
		print_until(&answer, empties[i]);
		size = answer.size;
		answer_print(&answer, "%s", "");
		check_body(&answer, empties[i]);
		assert_int_equal(answer.size, size);
		answer_wipe(&answer);
	}
}

/* How long the body is before answer_begin(). */
static const size_t used[] = { 0, 1, 4095, 4096, 100000, 10, 8192 };

static void
test_begin_after_use(void **state)
{
	struct answer answer = new_answer();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(used); i++) {
		size_t size;

		print_message("case %zu: %zu octets\n", i, used[i]);
		print_until(&answer, used[i]);
		answer.status = 503;
		answer.header = "Retry-After: 1\r\n";
		answer.content_type = "text/plain";
		size = answer.size;
		answer_begin(&answer);
		check_defaults(&answer);
		assert_int_equal(answer.size, size);
		for (size_t j = 0; j < used[i]; j++)
			assert_int_equal(answer.body[j], '\0');
		print_until(&answer, 100);
		check_body(&answer, 100);
		answer_begin(&answer);
	}
	answer_wipe(&answer);
}

/* A print that fails adds nothing; is_cut stays until answer_begin(). */
static void
test_cut(void **state)
{
	static const wchar_t no_character[] = { 0x7fffffff, 0 };
	struct answer answer = new_answer();

	(void)state;
	print_until(&answer, 10);
	answer_print(&answer, "x%ls", no_character);
	assert_true(answer.is_cut);
	answer.is_cut = false;
	check_body(&answer, 10);
	answer.is_cut = true;
	print_until(&answer, 20);
	assert_true(answer.is_cut);
	answer_begin(&answer);
	check_defaults(&answer);
	print_until(&answer, 10000);
	check_body(&answer, 10000);
	answer_wipe(&answer);
}

static void
test_wipe(void **state)
{
	static const struct answer zero;
	struct answer answer = new_answer();

	(void)state;
	print_until(&answer, 100);
	answer_wipe(&answer);
	assert_memory_equal(&answer, &zero, sizeof(zero));
	answer_wipe(&answer);
	assert_memory_equal(&answer, &zero, sizeof(zero));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_each_length),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_empty_print),
		cmocka_unit_test(test_begin_after_use),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, make_text, free_text);
}
