#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"

static const char *program = "acmeproxy";

void
log_init(const char *name)
{
	program = name;
}

void
log_line(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	size_t len;
	int n;

	n = snprintf(line, sizeof(line), "%s: ", program);
	len = n < 0 ? 0 : (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* One write, so that threads and coprocesses do not mix lines. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
