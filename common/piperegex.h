#ifndef COMMON_PIPEREGEX_H
#define COMMON_PIPEREGEX_H

#include "common/challenge.h"
#include "common/settings.h"

/* Room for one, with NUL: the longest zone has 126 dots, each "[.]". */
#define PIPEREGEX_SIZE 640

/* In front of a zone's name, of _acme-challenge, or of _validation-persist. */
#define PIPEREGEX_LABELS_IN_FRONT (CHALLENGE_NAME_LABELS + 1)

/*
 * Which questions PowerDNS passes to a coprocess.
 *
 * PowerDNS matches its setting pipe-regex, an extended regular expression
 * without regard to case, against the name of each question, which has no
 * trailing dot, and no type after it.  A name that does not match costs no trip
 * through the pipe; to PowerDNS it is not ours.  PowerDNS reads its settings
 * only at its start, so that the expression may be older than our settings.
 */
enum piperegex_fit {
	PIPEREGEX_FITS,
	PIPEREGEX_WIDE,   /* names that are nobody's may pass */
	PIPEREGEX_NARROW, /* names that can be ours do not pass: REFUSED */
};

/*
 * Write the expression that lets through what can be ours by its spelling: ""
 * for all names, when authority is name or parent.  It has no blanks, since
 * PowerDNS splits pipe-command at them.  Nor do names with an asterisk pass:
 * PowerDNS looks for wildcards, and we have none; nor do names with more than
 * PIPEREGEX_LABELS_IN_FRONT labels in front: nothing of ours is so deep.
 *
 *   regex	room for PIPEREGEX_SIZE octets
 */
void piperegex_write(char *regex, const struct settings *settings);

/* Compare an expression that PowerDNS uses, "" for none, with the settings. */
enum piperegex_fit piperegex_compare(const char *regex,
    const struct settings *settings);

/* What to log about it: a sentence that says what to do. */
const char *piperegex_sentence(enum piperegex_fit fit);

#endif
