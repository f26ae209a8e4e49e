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
    script_expire, script_delete, script_refuse;

#define SCRIPT_ARGS_MAX 20

/* Keys first, then arguments: NUL-terminated texts that outlive the call. */
struct script_call {
	const struct script *script;
	int n_keys, n;
	const char *args[SCRIPT_ARGS_MAX];
};

struct script_result {
	long long value;   /* what the script returned */
	long long n_acked; /* replicas that have it, if any are required */
};

/*
 * Run a script; its answer is an integer.
 *
 * With the setting replicas_required, the call waits for so many replicas to
 * have the write, at most replicas_timeout_ms, and tells how many have it.
 *
 * Returns ERR_OK, or ERR_STORE: nothing was written, or, when the connection
 * broke before the answer came, the whole of it.
 */
MUST_CHECK enum err_code script_run(struct script_result *result,
    struct redis *redis, const struct settings *settings,
    const struct script_call *call, struct err *err);

#endif
