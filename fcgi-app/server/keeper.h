#ifndef FCGI_APP_SERVER_KEEPER_H
#define FCGI_APP_SERVER_KEEPER_H

#include "common/store.h"
#include "fcgi-app/store/confirmations.h"

/*
 * What the main thread does for the store, by a connection of its own: it
 * brings the store up, moves accounts into it, tries confirmations again,
 * sweeps, and tells replicas what time it is.
 */
struct keeper {
	struct store store;   /* its redis is NULL until there are settings */
	bool is_right;        /* the store, at the last look */
	struct err complaint; /* which was logged */
	struct confirmations *confirmations; /* shared with the workers */
};

/* Returns ERR_OK, or ERR_SYSTEM when out of memory. */
MUST_CHECK enum err_code keeper_init(struct keeper *keeper, struct err *err);
void keeper_wipe(struct keeper *keeper);

/* Let go of the settings, which are about to be replaced. */
void keeper_drop(struct keeper *keeper);

/*
 * Do what is to be done.  The store may be away, of an older schema, or not the
 * one that is meant: that is logged once, and tried again each time.
 *
 *   settings	live until keeper_drop() or keeper_wipe()
 */
void keeper_tend(struct keeper *keeper, const struct settings *settings);

/* How long that may wait to be called again, in ms. */
int64_t keeper_pause_ms(const struct keeper *keeper);

#endif
