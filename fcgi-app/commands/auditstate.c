#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fcgi-app/commands/auditstate.h"

#define LINE 80 /* octets of the file */

static enum err_code
fail(const struct auditstate *state, const char *reason, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "%s: %s", state->file, reason);
}

/* The number of octets of an id at the beginning of a text; 0 without one. */
static size_t
id_len(const char *text)
{
	size_t ms = strspn(text, "0123456789");
	size_t count;

	if (ms == 0 || text[ms] != '-')
		return 0;
	count = strspn(text + ms + 1, "0123456789");
	return count == 0 ? 0 : ms + 1 + count;
}

static bool
parse(struct auditlog_place *place, const char *text)
{
	struct auditlog_place read = { .is_event = true };
	size_t len = id_len(text);
	char *end;

	if (len == 0 || len >= sizeof(read.id) || text[len] != ' ')
		return false;
	memcpy(read.id, text, len);
	read.number = strtoll(text + len, &end, 10);
	end += strspn(end, " ");
	if (strcmp(end, "\n") != 0)
		return false;
	*place = read;
	return true;
}

enum err_code
auditstate_open(struct auditstate *state, struct auditlog_place *place,
    const char *file, struct err *err)
{
	struct auditstate s = { .file = file, .fd = -1 };
	char text[LINE + 1];
	enum err_code rc = ERR_OK;
	ssize_t len;

	if (file != NULL) {
		s.fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (s.fd < 0)
			return fail(&s, strerror(errno), err);
		len = pread(s.fd, text, LINE, 0);
		text[len < 0 ? 0 : len] = '\0';
		s.is_fresh = len == 0;
		if (len < 0 || flock(s.fd, LOCK_EX | LOCK_NB) != 0)
			rc = fail(&s,
			    errno == EWOULDBLOCK ? "another process uses it"
						 : strerror(errno),
			    err);
		else if (len > 0 && !parse(place, text))
			rc = fail(&s, "an event's id is needed", err);
	}
	if (rc == ERR_OK)
		*state = s;
	else
		(void)close(s.fd);
	return rc;
}

void
auditstate_close(struct auditstate *state)
{
	if (state->fd >= 0)
		(void)close(state->fd);
}

enum err_code
auditstate_write(struct auditstate *state, const struct auditlog_place *place,
    struct err *err)
{
	char id[LINE], text[LINE + 1];

	if (state->fd < 0)
		return ERR_OK;
	(void)snprintf(id, sizeof(id), "%s %lld", place->id, place->number);
	(void)snprintf(text, sizeof(text), "%-*s\n", LINE - 1, id);
	if (pwrite(state->fd, text, LINE, 0) != LINE ||
	    (state->is_fresh && fsync(state->fd) != 0))
		return fail(state, strerror(errno), err);
	state->is_fresh = false;
	return ERR_OK;
}
