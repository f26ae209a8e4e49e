#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/attr.h"
#include "pipe-backend/lines.h"

#define READS_MAX 8
#define TAKEN_MAX 256

/*
 * What comes in one read each, with a run of so many of a letter where it says
 * {LETTER*NUMBER}; and the lines that are taken, each with a newline.
 */
static const struct {
	const char *reads[READS_MAX];
	const char *taken;
} cases[] = {
	{ { NULL }, "" },
	{ { "a\n" }, "a\n" },
	{ { "\n" }, "\n" },
	/* Several lines a read. */
	{ { "a\nb\nc\n" }, "a\nb\nc\n" },
	{ { "\n\n\na\n\n" }, "\n\n\na\n\n" },
	/* Split reads, also before and after a newline. */
	{ { "ab", "c\n" }, "abc\n" },
	{ { "abc", "\n" }, "abc\n" },
	{ { "a", "b", "c", "\n", "d", "\n" }, "abc\nd\n" },
	{ { "a\nb", "c\nd", "e\n" }, "a\nbc\nde\n" },
	{ { "a\n", "\n", "b\n" }, "a\n\nb\n" },
	/* What comes before the end without a newline is no line. */
	{ { "a" }, "" },
	{ { "a\nb" }, "a\n" },
	{ { "a\nb", "c" }, "a\n" },
	/* Other octets. */
	{ { "a\tb c\\d\r\n" }, "a\tb c\\d\r\n" },
	{ { "\xff\x80\n" }, "\xff\x80\n" },
	/* The longest line, and one octet more. */
	{ { "{a*4095}\n" }, "{a*4095}\n" },
	{ { "{a*4095}", "\n" }, "{a*4095}\n" },
	{ { "{a*4095}\n", "b\n" }, "{a*4095}\nb\n" },
	{ { "x\n{a*4095}\n", "b\n" }, "x\n{a*4095}\nb\n" },
	{ { "{a*4096}\n", "b\n" }, "\nb\n" },
	{ { "{a*4096}", "\nb\n" }, "\nb\n" },
	{ { "{a*4095}", "a\nb\n" }, "\nb\n" },
	/* Longer than two buffers, in one read and in several. */
	{ { "{a*9000}\nb\n" }, "\nb\n" },
	{ { "{a*4096}", "{a*4096}", "{a*4096}", "\n", "b\n" }, "\nb\n" },
	{ { "x\n{a*9000}\ny\n{b*5000}\nz\n" }, "x\n\ny\n\nz\n" },
	/* Twice in a row, and at the end. */
	{ { "{a*5000}\n{b*5000}\nc\n" }, "\n\nc\n" },
	{ { "{a*9000}" }, "" },
	{ { "x\n", "{a*4096}" }, "x\n" },
	/* Short lines that fill the buffer, the last of them in part. */
	{ { "{a*4000}\n{b*200}\nc\n" }, "{a*4000}\n{b*200}\nc\n" },
	{ { "{a*2047}\n{b*2047}\nc\n" }, "{a*2047}\n{b*2047}\nc\n" },
	{ { "{a*2047}\n{b*2048}\nc\n" }, "{a*2047}\n{b*2048}\nc\n" },
};

static char expanded[65536];

/* Write out the runs of a text; returns how many octets it has. */
static size_t
expand(const char *text)
{
	size_t len = 0;

	while (*text != '\0') {
		char letter = text[0];
		unsigned long n = 1;
		char *end = NULL;

		if (letter == '{') {
			letter = text[1];
			n = strtoul(text + 3, &end, 10);
		}
		assert_true(len + n < sizeof(expanded));
		memset(expanded + len, letter, n);
		len += n;
		text = end != NULL ? end + 1 : text + 1;
	}
	expanded[len] = '\0';
	return len;
}

struct taken {
	size_t n, len;
	char text[65536];
};

static void
take_all(struct taken *taken, struct lines *lines)
{
	const char *line;

	while ((line = lines_take(lines)) != NULL) {
		size_t len = strlen(line);

		assert_true(taken->len + len + 1 < sizeof(taken->text));
		memcpy(taken->text + taken->len, line, len);
		taken->text[taken->len + len] = '\n';
		taken->len += len + 1;
		taken->n++;
	}
}

/* Write a text into the pipe, and read until it is empty. */
static void
pass(struct taken *taken, struct lines *lines, int to, const char *text,
    size_t len)
{
	struct pollfd pipe_end = { .fd = lines->fd, .events = POLLIN };

	assert_int_equal(write(to, text, len), len);
	while (poll(&pipe_end, 1, 0) == 1) {
		lines_read(lines);
		assert_false(lines->is_at_end);
		take_all(taken, lines);
	}
}

static void
test_cases(void **state)
{
	static struct taken taken;
	static struct lines lines;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int ends[2];

		print_message("case %zu\n", i);
		memset(&taken, 0, sizeof(taken));
		assert_int_equal(pipe(ends), 0);
		lines_init(&lines, ends[0]);
		assert_null(lines_take(&lines));
		for (size_t k = 0; k < READS_MAX && cases[i].reads[k] != NULL;
		     k++) {
			size_t len = expand(cases[i].reads[k]);

			pass(&taken, &lines, ends[1], expanded, len);
		}
		assert_int_equal(close(ends[1]), 0);
		assert_false(lines.is_at_end);
		lines_read(&lines);
		assert_true(lines.is_at_end);
		take_all(&taken, &lines);
		assert_int_equal(taken.len, expand(cases[i].taken));
		assert_memory_equal(taken.text, expanded, taken.len);
		assert_int_equal(close(ends[0]), 0);
	}
}

/* Whatever the sizes of the reads are, the same lines are taken. */
static void
test_any_split(void **state)
{
	static struct taken taken;
	static struct lines lines;

	(void)state;
	for (size_t size = 1; size < 64; size++) {
		static const char text[] = "one\n\ntwo\nthree\n{x*200}\nfour\n";
		size_t len = expand(text);
		int ends[2];

		memset(&taken, 0, sizeof(taken));
		assert_int_equal(pipe(ends), 0);
		lines_init(&lines, ends[0]);
		for (size_t at = 0; at < len; at += size)
			pass(&taken, &lines, ends[1], expanded + at,
			    len - at < size ? len - at : size);
		assert_int_equal(taken.n, 6);
		assert_int_equal(taken.len, len);
		assert_memory_equal(taken.text, expanded, len);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

/* Something that is no descriptor is at its end. */
static void
test_an_error_is_the_end(void **state)
{
	static struct lines lines;

	(void)state;
	lines_init(&lines, -1);
	lines_read(&lines);
	assert_true(lines.is_at_end);
	assert_null(lines_take(&lines));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_any_split),
		cmocka_unit_test(test_an_error_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
