#include <stdarg.h>
#include <stdio.h>

#include "common/err.h"

enum err_code
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	err->code = code;
	err->line = 0;
	err->n_steps = 0;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

void
err_step(struct err *err, size_t i)
{
	if (err != NULL && err->n_steps < ERR_STEPS_MAX)
		err->steps[err->n_steps++] = i;
}

enum err_code
err_place(struct err *err, const char *file, unsigned line, const char *member)
{
	struct err inner = *err;

	(void)err_set(err, inner.code, "%s:%u: %s%s%s", file, line, member,
	    member[0] != '\0' ? ": " : "", inner.text);
	err->line = line;
	return err->code;
}
