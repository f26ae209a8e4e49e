#ifndef FCGI_APP_COMMANDS_AUDITSTATE_H
#define FCGI_APP_COMMANDS_AUDITSTATE_H

#include "fcgi-app/store/auditlog.h"

/*
 * The file that remembers up to which event the audit log was sent on: a line
 * with the event's id and number.
 *
 * It is written after each event, so that no more than one is sent again after
 * a kill.  A file that is replaced would have to be on the disk before it takes
 * its place, each time.  This one is overwritten instead: the line always has
 * the same length, one write(2), within one sector of the disk.  So it is the
 * old line or the new one, whatever dies.
 */
struct auditstate {
	const char *file; /* borrowed */
	int fd;           /* -1: there is no such file to keep */
	bool is_fresh;    /* nothing has been written yet */
};

/*
 * Open the file, and make it if it is not there.
 *
 *   file	NULL: remember nothing
 *   *place	where to go on; as it was if the file is new
 *
 * Returns ERR_OK, or ERR_SYSTEM with the file's name.  A text that is not ours
 * is an error: to begin again would send everything twice.  So is a file that
 * another process has open here.
 */
MUST_CHECK enum err_code auditstate_open(struct auditstate *state,
    struct auditlog_place *place, const char *file, struct err *err);
void auditstate_close(struct auditstate *state);

/* Remember this place.  Returns ERR_OK or ERR_SYSTEM. */
MUST_CHECK enum err_code auditstate_write(struct auditstate *state,
    const struct auditlog_place *place, struct err *err);

#endif
