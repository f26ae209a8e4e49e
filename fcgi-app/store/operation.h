#ifndef FCGI_APP_STORE_OPERATION_H
#define FCGI_APP_STORE_OPERATION_H

#include "fcgi-app/access/cidr.h"
#include "fcgi-app/store/actor.h"
#include "fcgi-app/store/script.h"

/* A script's call in the making, with the texts that its arguments point to. */
struct operation {
	struct script_call call;
	struct store *store;
	char address_bits[CIDR_BITS], network[CIDR_MAX];
	char retention_ms[24], life_ms[24], own_life_ms[24], until_ms[24];
	char hold_ms[24], audit_octets[24], most[16], most_of_account[16],
	    most_of_network[16];
};

/*
 * Begin an operation: all that scripts are told about every one of them.
 *
 *   challenge	lives as long as the operation
 */
void operation_begin(struct operation *op, const struct script *script,
    struct store *store, const struct actor *actor,
    const struct challenge *challenge);

/*
 * Run it.  When the script finds another store or schema than it expects, the
 * store is brought up and the script is run again.
 * Returns ERR_OK or ERR_STORE.
 */
MUST_CHECK enum err_code operation_run(struct script_result *result,
    const struct operation *op, struct err *err);

/* The same for a script that returns a number, which waits for replicas. */
MUST_CHECK enum err_code operation_run_number(long long *number,
    const struct operation *op, struct err *err);

#endif
