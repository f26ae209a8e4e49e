#ifndef PIPE_BACKEND_QUESTION_H
#define PIPE_BACKEND_QUESTION_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/err.h"

#define QUESTION_QNAME_MAX 1024 /* octets of a name that is all \ddd */

enum question_kind {
	QUESTION_HELO, /* HELO version */
	QUESTION_Q,    /* Q qname qclass qtype id remote ... */
	QUESTION_AXFR, /* AXFR id [zone] */
	QUESTION_CMD,  /* CMD text */
};

/* The record types that we tell apart. */
enum rrtype {
	RRTYPE_OTHER,
	RRTYPE_ANY,
	RRTYPE_SOA,
	RRTYPE_NS,
	RRTYPE_CAA,
	RRTYPE_TXT,
};

/* One line from PowerDNS. */
struct question {
	enum question_kind kind;
	unsigned version;               /* HELO */
	char qname[QUESTION_QNAME_MAX]; /* Q: as asked, in the same case */
	enum rrtype rrtype;             /* Q */
	int zone_id; /* Q: of the zone that PowerDNS looks in; -1: any */
};

/*
 * Parse a line.
 *
 *   line	NUL-terminated, without its newline
 *
 * Returns ERR_OK, or ERR_INPUT for a line that PowerDNS never sends; kind and
 * rrtype are then set if they could be read.
 * Source: PowerDNS documentation, "Pipe Backend"; ARCHITECTURE.md, "The way of
 * a question".
 */
MUST_CHECK enum err_code question_parse(struct question *question,
    const char *line, struct err *err);

#endif
