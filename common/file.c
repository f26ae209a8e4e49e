#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

enum err_code
file_read(char **text, size_t *len, const char *file, size_t max,
    struct err *err)
{
	enum err_code rc = ERR_SYSTEM;
	char *buf = NULL;
	size_t n = 0;
	FILE *in;

	in = fopen(file, "re");
	if (in == NULL)
		return err_set(err, ERR_SYSTEM, "%s: %s", file,
		    strerror(errno));
	buf = malloc(max + 1);
	if (buf == NULL) {
		(void)err_set(err, ERR_SYSTEM, "%s: out of memory", file);
		goto out;
	}
	n = fread(buf, 1, max + 1, in);
	if (ferror(in)) {
		(void)err_set(err, ERR_SYSTEM, "%s: %s", file, strerror(errno));
		goto out;
	}
	if (n > max) {
		(void)err_set(err, ERR_SYSTEM, "%s: over %zu octets", file,
		    max);
		goto out;
	}
	buf[n] = '\0';
	*text = buf;
	if (len != NULL)
		*len = n;
	buf = NULL;
	rc = ERR_OK;
out:
	free(buf);
	(void)fclose(in);
	return rc;
}
