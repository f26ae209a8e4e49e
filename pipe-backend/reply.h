#ifndef PIPE_BACKEND_REPLY_H
#define PIPE_BACKEND_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "pipe-backend/question.h"

/* 64 records whose owner is all escapes and whose data is as long as may be */
#define REPLY_MAX (64 * 2048)

/*
 * The lines that answer one question, gathered so that one write(2) sends
 * them: a reply is whole or not there, and nothing follows its END, which
 * PowerDNS would take as the answer to the next question.
 */
struct reply {
	size_t len;
	bool overflow; /* did not fit */
	char text[REPLY_MAX];
};

/* What every record of an answer shares. */
struct reply_owner {
	unsigned version;  /* of the protocol: 1 to 5 */
	const char *qname; /* as asked */
	int32_t id;        /* the zone's; PowerDNS hands it back */
	enum rrtype asked; /* SOA alone may be cached: all else has scopebits */
};

void reply_begin(struct reply *reply);

/* Add a DATA line.  content is printed by format; TTL in seconds. */
void reply_data(struct reply *reply, const struct reply_owner *owner,
    const char *rrtype, unsigned ttl_s, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Add a line of free text: the banner, the answer to CMD. */
void reply_line(struct reply *reply, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finish with END; false if there was no room: then reply_fail() is due. */
MUST_CHECK bool reply_end(struct reply *reply);

/*
 * Drop what was gathered and say FAIL: "I do not know", never "no".
 *
 * PowerDNS stops reading at FAIL; but at the answer to a SOA question it drains
 * what follows, and would wait for it until its time-out.  There, and only
 * there, an END has to come behind; anywhere else it would be taken as the
 * answer to the next question.
 *
 *   drained	the question was for SOA
 */
void reply_fail(struct reply *reply, bool drained);

#endif
