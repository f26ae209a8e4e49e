#ifndef FCGI_APP_SCRIPT_H
#define FCGI_APP_SCRIPT_H

#include "common/err.h"
#include "common/redis.h"

/*
 * A Lua script of fcgi-app/scripts, made by the Makefile: Redis runs it as one
 * atomic step.  It is called by its hash, and sent whole only when Redis does
 * not have it (yet, or any more).
 */
struct script {
	const char *sha1; /* of text, as EVALSHA wants it */
	const char *text;
};

extern const struct script script_create, script_rotate, script_publish,
    script_expire, script_persist, script_delete, script_check, script_refuse,
    script_init, script_migrate_1;

#define SCRIPT_ARGS_MAX 150 /* a key for each label, and some */
#define SCRIPT_N_VALUES 3
#define SCRIPT_TEXT_MAX 1024 /* octets, with NUL */

/* Keys first, then arguments: NUL-terminated texts that outlive the call. */
struct script_call {
	const struct script *script;
	int n_keys, n;
	const char *args[SCRIPT_ARGS_MAX];
};

struct script_result {
	size_t n;                          /* integers that it returned */
	long long values[SCRIPT_N_VALUES]; /* the first n, the rest 0 */
	char text[SCRIPT_TEXT_MAX];        /* or one text, "" if it has none */
};

/*
 * Run a script; it returns an integer, a few of them, or a text.  One round
 * trip.
 *
 * With the setting replicas_required, the call waits for so many replicas to
 * have the write, at most replicas_timeout_ms.
 *
 * Returns ERR_OK, or ERR_STORE: nothing was written; or, when the connection
 * broke before the answer came or too few replicas have it, the whole of it.
 */
MUST_CHECK enum err_code script_run(struct script_result *result,
    struct redis *redis, const struct settings *settings,
    const struct script_call *call, struct err *err);

#endif
