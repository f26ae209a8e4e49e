#ifndef FCGI_APP_STORE_ACTOR_H
#define FCGI_APP_STORE_ACTOR_H

#include <stdbool.h>

#include "fcgi-app/access/secret.h"

/* Who acts, and by what right. */
struct actor {
	const char *ip;  /* the client's address; "" for the command line */
	const char *via; /* "api", "command", a dialect's name */
	bool is_administrator;
	/*
	 * Else: of the secret that was sent, an authorisation's or an
	 * account's;
	 * "" for none.
	 */
	struct secret_hash presented;
	const char *user;  /* who presents it; NULL if that was not said */
	bool user_is_name; /* that is the name acted upon, or one above it */
};

#endif
