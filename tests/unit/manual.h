#ifndef TESTS_UNIT_MANUAL_H
#define TESTS_UNIT_MANUAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/settings.h"

/* acmeproxy.json(5), for the tests that compare it with the parser. */

#define PAGE     "deploy/man/acmeproxy.json.5"
#define PAGE_MAX 65536

/* The text of the page. */
static char *page;

/* Undo the page's only escape. */
static inline void
unescape(char *out)
{
	for (const char *in = out; *in != '\0'; in++) {
		*out++ = *in;
		if (in[0] == '\\' && in[1] == 'e')
			in++;
	}
	*out = '\0';
}

static inline int
read_page(void **state)
{
	(void)state;
	if (file_read(&page, NULL, PAGE, PAGE_MAX, NULL) != ERR_OK)
		return -1;
	unescape(page);
	return 0;
}

static inline int
free_page(void **state)
{
	(void)state;
	free(page);
	return 0;
}

#endif
