#ifndef PIPE_BACKEND_VIEW_H
#define PIPE_BACKEND_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/challenge.h"
#include "common/issuevalue.h"
#include "common/store.h"
#include "common/txtvalue.h"

/*
 * What DNS sees of the store: a copy of what was read, which Redis keeps honest
 * (common/tracking.h).  view.c says why no answer from it is out of date.
 *
 * A question begins with view_begin().  Then it asks for what it needs.  What
 * the copy does not have is noted, and one view_read() reads all of that in one
 * round trip; the question asks again.
 *
 * Belongs to one thread.
 */
struct view;

/*
 * Allocate; does not connect.
 *
 *   settings	live at least as long
 *
 * Returns ERR_OK, or ERR_SYSTEM when out of memory.
 */
MUST_CHECK enum err_code view_new(struct view **view,
    const struct settings *settings, struct err *err);
void view_free(struct view *view);

/* Between questions: readable when view_idle() has something to do; or -1. */
int view_fd(const struct view *view);
void view_idle(struct view *view);

void view_begin(struct view *view);

/* What the store knows about one name. */
struct node {
	bool is_own;         /* it has an authorisation */
	bool suffix_match;   /* which has suffix_match */
	bool has_child;      /* a name one label below has one */
	bool has_descendant; /* a name below it, at any depth, has one */
};

/* The live responses to a challenge. */
struct responses {
	size_t n;
	struct txtvalue v[STORE_VALUES_MAX];
};

/* The persistent records of a name that are in force. */
struct records {
	size_t n;
	struct issuevalue v[STORE_RECORDS_MAX];
};

/*
 * Return false, with *out untouched, when view_read() has to read it first.
 *
 *   name	of len octets, as struct dnsname has it
 */
bool view_node(struct view *view, struct node *out, const char *name,
    size_t len);
bool view_responses(struct view *view, struct responses *out,
    const struct challenge *challenge);
bool view_records(struct view *view, struct records *out,
    const struct dnsname *name);

/* True when nothing in the copy may be used before view_read() was called. */
bool view_must_read(const struct view *view);

/* Returns ERR_OK, or ERR_STORE: the question cannot be answered. */
MUST_CHECK enum err_code view_read(struct view *view, struct err *err);

/* Milliseconds since the epoch, by the clock of the store. */
int64_t view_now_ms(const struct view *view);

#endif
