#ifndef FCGI_APP_STORE_SCRIPT_H
#define FCGI_APP_STORE_SCRIPT_H

#include "common/err.h"
#include "common/store.h"

/*
 * A Lua script of fcgi-app/store/scripts, made by the Makefile: Redis runs it
 * as one atomic step.  It is called by its hash, and sent whole only when Redis
 * does not have it (yet, or any more).
 */
struct script {
	const char *sha1; /* of text, as EVALSHA wants it */
	const char *text;
};

extern const struct script script_beat, script_check, script_confirm,
    script_create, script_create_account, script_delete, script_delete_account,
    script_expire, script_persist, script_publish, script_refuse, script_rotate,
    script_sweep, script_init, script_migrate_1, script_migrate_2,
    script_migrate_3;

#define SCRIPT_N_VALUES 3
#define SCRIPT_TEXT_MAX 64 /* octets, with NUL */

/* What a script is given. */
enum script_arg {
#define ARG(upper, lower) ARG_##upper,
#include "fcgi-app/store/scripts/args.def"
#undef ARG
	SCRIPT_N_ARGS,
};

/* A call in the making. */
struct script_call {
	const struct script *script;
	const struct store *store;
	const char *args[SCRIPT_N_ARGS]; /* outlive the call; NULL is "" */
};

/*
 * Begin a call.  Its only key is what all keys begin with: scripts make them of
 * that and of names, since the store is no cluster.
 */
void script_call_init(struct script_call *call, const struct script *script,
    const struct store *store);

struct script_result {
	size_t n;                          /* integers that it returned */
	long long values[SCRIPT_N_VALUES]; /* the first n, the rest 0 */
	char text[SCRIPT_TEXT_MAX];        /* or one text, "" if it has none */
};

/*
 * Run a script; it returns an integer, a few of them, or a text.  One round
 * trip.
 *
 * Returns ERR_OK, or ERR_STORE: nothing was written; or, when the connection
 * broke before the answer came, the whole of it.
 */
MUST_CHECK enum err_code script_run(struct script_result *result,
    const struct script_call *call, struct err *err);

/*
 * Wait until as many replicas as the settings want have what this connection
 * wrote, for replicas_timeout_ms at most: one more round trip, if they want
 * any. Returns ERR_OK, or ERR_STORE: it is not known that they have it.
 */
MUST_CHECK enum err_code script_wait(const struct store *store,
    struct err *err);

#endif
