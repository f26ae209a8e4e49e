#ifndef PIPE_BACKEND_QUESTION_H
#define PIPE_BACKEND_QUESTION_H

#include <stdbool.h>

#include "common/dnsname.h"
#include "common/err.h"

#define QUESTION_QNAME_MAX 1024 /* octets of a name in which all is \ddd */

enum question_kind {
	QUESTION_HELO, /* HELO version */
	QUESTION_Q,    /* Q qname qclass qtype id remote ... */
	QUESTION_AXFR, /* AXFR id [zone] */
	QUESTION_CMD,  /* CMD text */
};

/* A record type that we may be asked for or answer. */
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
	char qname[QUESTION_QNAME_MAX]; /* Q: as asked, 0x20 casing and all */
	enum rrtype rrtype;             /* Q */
	int zone_id; /* Q: of the zone that PowerDNS looks in; -1: any */
};

/*
 * Take a line apart.
 *
 *   line	NUL-terminated, without its newline
 *
 * Returns ERR_OK, or ERR_INPUT for what no PowerDNS says; kind and rrtype then
 * tell what it seemed to be.
 * Source: PowerDNS documentation, "Pipe Backend"; ARCHITECTURE.md, "Pipe".
 */
MUST_CHECK enum err_code question_parse(struct question *question,
    const char *line, struct err *err);

#endif
