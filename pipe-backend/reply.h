#ifndef PIPE_BACKEND_REPLY_H
#define PIPE_BACKEND_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "pipe-backend/question.h"

/* 64 records, each with an owner that is all escapes and the longest data. */
#define REPLY_MAX (64 * 2048)

/*
 * The lines that answer one question, collected so that one write(2) sends
 * them: a reply is sent as a whole or not at all.  Nothing follows its END,
 * since PowerDNS would take that as the answer to the next question.
 */
struct reply {
	size_t len;
	bool overflow; /* did not fit */
	char text[REPLY_MAX];
};

/* What all records of an answer have in common. */
struct reply_owner {
	unsigned version;  /* of the protocol: 1 to 5 */
	const char *qname; /* as asked */
	int32_t id;        /* the zone's; PowerDNS sends it back in questions */
	bool is_delegated; /* auth 0: it is not for us to say */
	enum rrtype asked; /* only SOA may be cached: the rest has scopebits */
};

void reply_begin(struct reply *reply);

/* Add a DATA line; fmt and what follows are its content. */
void reply_data(struct reply *reply, const struct reply_owner *owner,
    const char *rrtype, unsigned ttl_s, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Add a line of free text: the banner, the answer to CMD. */
void reply_line(struct reply *reply, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finish with END; false if the reply did not fit: then call reply_fail(). */
MUST_CHECK bool reply_end(struct reply *reply);

/*
 * Drop what was collected and answer FAIL: "I do not know", never "no".
 *
 * PowerDNS stops reading at FAIL.  But after FAIL to a SOA question it drains
 * what follows, and without END would wait until its time-out.  So FAIL is
 * followed by END there, and only there: elsewhere PowerDNS would take END as
 * the answer to the next question.
 *
 *   drained	true if the question was for SOA
 */
void reply_fail(struct reply *reply, bool drained);

#endif
