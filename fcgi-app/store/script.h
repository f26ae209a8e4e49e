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

extern const struct script script_beat, script_create, script_rotate,
    script_publish, script_expire, script_persist, script_delete, script_check,
    script_refuse, script_init, script_migrate_1, script_migrate_2;

#define SCRIPT_KEYS_MAX (DNSNAME_MAX / 2 + 8) /* a label takes two octets */
#define SCRIPT_N_VALUES 3
#define SCRIPT_TEXT_MAX 1024 /* octets, with NUL */

/* What a script is given: scripts/names.def. */
enum script_key {
#define KEY(upper, lower) KEY_##upper,
#define ARG(upper, lower)
#include "fcgi-app/store/scripts/names.def"
#undef KEY
#undef ARG
};

enum script_arg {
#define KEY(upper, lower)
#define ARG(upper, lower) ARG_##upper,
#include "fcgi-app/store/scripts/names.def"
#undef KEY
#undef ARG
	SCRIPT_N_ARGS,
};

/* A call in the making. */
struct script_call {
	const struct script *script;
	const struct store *store;
	bool waits; /* until as many replicas have it as the settings want */
	int n_keys; /* at least KEY_ABOVE: the rest are those of names above */
	struct store_key keys[SCRIPT_KEYS_MAX];
	const char *args[SCRIPT_N_ARGS]; /* outlive the call; NULL is "" */
};

/*
 * Begin a call with all of its keys but those of names above.  It waits for
 * replicas unless `waits` is cleared.
 *
 *   challenge	the name, and the label of its responses
 */
void script_call_init(struct script_call *call, const struct script *script,
    const struct store *store, const struct challenge *challenge);

/* Add a key of the next name above. */
void script_call_add_key(struct script_call *call, enum store_kind kind,
    const struct dnsname *name);

struct script_result {
	size_t n;                          /* integers that it returned */
	long long values[SCRIPT_N_VALUES]; /* the first n, the rest 0 */
	char text[SCRIPT_TEXT_MAX];        /* or one text, "" if it has none */
};

/*
 * Run a script; it returns an integer, a few of them, or a text.  One round
 * trip, which lasts replicas_timeout_ms longer at most when the call waits for
 * replicas.
 *
 * Returns ERR_OK, or ERR_STORE: nothing was written; or, when the connection
 * broke before the answer came or too few replicas have it, the whole of it.
 */
MUST_CHECK enum err_code script_run(struct script_result *result,
    const struct script_call *call, struct err *err);

#endif
