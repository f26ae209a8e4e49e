#ifndef TESTS_FUZZ_PLAYED_H
#define TESTS_FUZZ_PLAYED_H

#include "common/settings.h"

/* For the targets whose input is what a store says: they play Redis. */

#define PLAYED_ID "00112233445566778899aabbccddeeff" /* of the store */

/*
 * Listen on a Unix socket, as Redis does, and write the file with the id of the
 * store.  Both are removed at exit.
 *
 *   settings	lead there
 *   members	more members of the settings' JSON, each with a comma after it
 *   timeout_ms	for a reply
 *
 * Returns the descriptor to accept(2) from.
 */
int played_listen(struct settings *settings, const char *members,
    int timeout_ms);

#endif
