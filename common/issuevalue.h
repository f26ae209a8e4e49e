#ifndef COMMON_ISSUEVALUE_H
#define COMMON_ISSUEVALUE_H

#include <stddef.h>
#include <stdint.h>

#define ISSUEVALUE_MAX     510 /* octets: two character-strings of a TXT */
#define ISSUEVALUE_FOREVER INT64_MAX

/*
 * An issue-value that has passed issuevalue_parse().  dns-persist-01 wants it
 * in a TXT record at _validation-persist.NAME:
 *
 *	ca.example; accounturi=https://ca.example/1; persistUntil=1767225600
 *
 * It holds only printable ASCII and blanks, without '"' and '\', so that it can
 * be quoted as it is in the pipe protocol and in JSON.
 */
struct issuevalue {
	size_t len;                    /* octets in text, 1..ISSUEVALUE_MAX */
	char text[ISSUEVALUE_MAX + 1]; /* NUL-terminated, as it was sent */
	int64_t until_s; /* persistUntil, s since the epoch, or _FOREVER */
};

enum issuevalue_fault {
	ISSUEVALUE_OK,
	ISSUEVALUE_BAD_LENGTH,
	ISSUEVALUE_BAD_SYNTAX,
	ISSUEVALUE_BAD_ACCOUNTURI, /* missing, given twice, or not a URI */
	ISSUEVALUE_BAD_UNTIL,      /* given twice, or not a number of seconds */
};

/*
 * Parse an issue-value.  Unknown parameters are accepted, as the draft demands
 * of a CA.  Tabs, quotation marks and backslashes are refused, although the RFC
 * allows them.
 *
 *   text, len	the octets; need not be NUL-terminated; may hold NULs
 *
 * Returns ISSUEVALUE_OK, or what is wrong, with *value left untouched.
 * Source: RFC 8659, 4.2; draft-ietf-acme-dns-persist-02, "Challenge Response
 * and Verification"; RFC 8657, 3.
 */
enum issuevalue_fault issuevalue_parse(struct issuevalue *value,
    const char *text, size_t len);

#endif
