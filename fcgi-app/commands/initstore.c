/* acmeproxy initstore: makes this store the one that is meant. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi-app/commands/command.h"
#include "fcgi-app/store/schema.h"

/* It is not secret, and PowerDNS's user has to read it. */
#define ID_FILE_MODE 0644

/* Write the file whole or not at all; a failure leaves no other file. */
static enum err_code
write_id(const char *file, const char *id, struct err *err)
{
	char line[STORE_ID_LEN + 2], fresh[PATH_MAX + 8];
	bool written;
	int fd, len;

	(void)snprintf(fresh, sizeof(fresh), "%s.XXXXXX", file);
	fd = mkstemp(fresh);
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", file,
		    strerror(errno));
	len = snprintf(line, sizeof(line), "%s\n", id);
	errno = ENOSPC; /* for a short write, which does not set it */
	written = write(fd, line, (size_t)len) == len &&
	    fchmod(fd, ID_FILE_MODE) == 0 && fsync(fd) == 0 &&
	    rename(fresh, file) == 0;
	if (!written) {
		(void)err_set(err, ERR_SYSTEM, "%s: %s", file, strerror(errno));
		(void)unlink(fresh);
	}
	(void)close(fd);
	return written ? ERR_OK : ERR_SYSTEM;
}

enum exit_status
command_initstore(const struct options *o)
{
	char id[STORE_ID_LEN + 1], before[STORE_ID_LEN + 1];
	struct session session;
	struct store *store = &session.store;
	struct err err = { 0 };
	const char *file;
	long long n = 0;
	enum err_code rc;

	if (session_open(&session, o, &err) != ERR_OK)
		return command_fail(&err);
	file = store->settings->store_id_file;
	(void)!store_read_id(before, file, NULL);
	rc = schema_init(id, store, &err);
	if (rc == ERR_OK)
		rc = schema_count(&n, STORE_AUTHORISATIONS, store, &err);
	if (rc == ERR_OK && strcmp(id, before) != 0)
		rc = write_id(file, id, &err);
	if (rc == ERR_OK)
		rc = schema_bring_up(store, &err);
	if (rc == ERR_OK)
		(void)printf("The store %s, with %lld authorisations, is the "
			     "one that %s names%s\n",
		    id, n, file,
		    strcmp(id, before) == 0 ? ": it was already"
					    : " from now on");
	session_close(&session);
	return rc == ERR_OK ? EXIT_DONE : command_fail(&err);
}
