/* Hides libsystemd, as notify.c does. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* No CODE_FILE, CODE_LINE and CODE_FUNC: they would say where we are in here.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "fcgi-app/server/journal.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum err_code
journal_send(const struct journal_field *fields, size_t n_fields,
    struct err *err)
{
	struct iovec parts[JOURNAL_FIELDS_MAX];
	size_t size = 0, used = 0;
	char *text;
	int rc;

	assert(n_fields <= JOURNAL_FIELDS_MAX);
	/* libsystemd says that all is well when there is no journal. */
	if (access(JOURNAL_SOCKET, F_OK) != 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", JOURNAL_SOCKET,
		    strerror(errno));
	for (size_t i = 0; i < n_fields; i++)
		size += strlen(fields[i].name) + strlen(fields[i].value) + 2;
	text = malloc(size + 1);
	if (text == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n_fields; i++) {
		int len = snprintf(text + used, size + 1 - used, "%s=%s",
		    fields[i].name, fields[i].value);

		parts[i].iov_base = text + used;
		parts[i].iov_len = (size_t)len;
		used += (size_t)len + 1;
	}
	rc = sd_journal_sendv(parts, (int)n_fields);
	free(text);
	if (rc < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", JOURNAL_SOCKET,
		    strerror(-rc));
	return ERR_OK;
}
