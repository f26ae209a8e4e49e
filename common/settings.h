#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include <limits.h>
#include <stdint.h>

#include "common/dnsname.h"
#include "common/err.h"
#include "common/zonerecord.h"

#define SETTINGS_FILE        "/etc/acmeproxy/acmeproxy.json"
#define SETTINGS_NAMESERVERS 13 /* as many as the root zone has */
#define SETTINGS_ISSUERS     8
#define SETTINGS_OTHER_ZONES 64
#define SETTINGS_RECORDS     64
#define SETTINGS_SHOWN_MAX   65536 /* octets */
#define SETTINGS_TEXT        64 /* octets of a key prefix or user, with NUL */

/* How to reach a Redis: a Unix socket, or a host and a port. */
struct redis_settings {
	char socket[108]; /* sun_path; "" when host is used */
	char host[DNSNAME_MAX + 1];
	unsigned port;
	char username[SETTINGS_TEXT]; /* "" for none */
	char password_file[PATH_MAX]; /* "" for none */
	unsigned timeout_ms;          /* for an exchange: common/redis.h */
};

/* Where we claim a zone for an authorisation of N: README, "DNS set-up". */
enum authority {
	AUTHORITY_CHALLENGE, /* _acme-challenge.N */
	AUTHORITY_NAME,      /* and N */
	AUTHORITY_PARENT,    /* and the name one label above */
};

/* Who may create authorisations. */
enum creation_right {
	CREATION_OPEN,    /* anybody */
	CREATION_ACCOUNT, /* with an account's secret */
};

/* Who may register with the dialect of acme-dns. */
enum registration {
	REGISTRATION_CLOSED,
	REGISTRATION_ACCOUNT, /* with an account's secret */
	REGISTRATION_OPEN,    /* anybody */
};

/* Our own zone, into which CNAME delegations lead. */
struct zone_settings {
	bool is_set;
	struct dnsname name;
	size_t n_records;
	struct zonerecord records[SETTINGS_RECORDS];
	bool is_signed; /* by PowerDNS: then nothing below is a zone */
};

/* What acmeproxy.json says, checked, with defaults for what is missing. */
struct settings {
	struct redis_settings redis;       /* the app reads and writes here */
	struct redis_settings redis_read;  /* the pipe backend reads here */
	struct redis_settings redis_audit; /* listaudit reads here */
	char key_prefix[SETTINGS_TEXT];
	struct dnsname soa_hostname, soa_contact;
	struct dnsname nameservers[SETTINGS_NAMESERVERS];
	size_t n_nameservers;                         /* at least 1 */
	struct dnsname caa_issuers[SETTINGS_ISSUERS]; /* RFC 8659, 4.2 */
	size_t n_caa_issuers;
	bool has_caa_issuers; /* else these are ours, for challenges only */
	enum authority authority;
	struct dnsname other_zones[SETTINGS_OTHER_ZONES];
	size_t n_other_zones;
	bool persistent_records; /* serve those of dns-persist-01 */
	struct zone_settings zone;
	enum registration registration;
	unsigned registration_life_s;
	enum creation_right creation;
	/* How many names each may have; 0: any number. */
	unsigned authorisations_per_account, authorisations_per_address;
	unsigned registrations_per_account, registrations_per_address;
	unsigned deleted_hold_days; /* a deleted name is kept for its owner */
	unsigned authority_ttl_s, response_ttl_s;
	unsigned response_life_s;
	unsigned dns_copy_mib;        /* of each coprocess; 0: none */
	char store_id_file[PATH_MAX]; /* which store is meant: common/store.h */
	char accounts_file[PATH_MAX]; /* moved into the store; "" for none */
	char powerdns_conf[PATH_MAX]; /* installed snippet; "": do not look */
	unsigned replicas_required, replicas_timeout_ms;
	unsigned workers;
	unsigned audit_retention_days, audit_memory_mib;
};

/*
 * Read a settings file.
 *
 * Returns ERR_OK, ERR_SYSTEM when the file cannot be read, or ERR_INPUT with
 * "FILE:LINE: KEY: what is wrong".  *settings is written only on success.
 * Source: acmeproxy.json(5).
 */
MUST_CHECK enum err_code settings_read(struct settings *settings,
    const char *file, struct err *err);

/*
 * Parse a text as settings_read() parses a file.
 *
 *   text	NUL-terminated, of `len` octets
 *   file	its name, for errors
 */
MUST_CHECK enum err_code settings_parse(struct settings *settings,
    const char *text, size_t len, const char *file, struct err *err);

/*
 * Write the name of the i-th setting, from 0, in table order: "redis",
 * "redis.socket", ...  Those inside an object come after the object.
 *
 *   key	room for SETTINGS_TEXT octets
 *
 * Returns false after the last.
 */
bool settings_key(char *key, size_t i);

/*
 * Write the value of the i-th member of the file, from 0, as JSON that the file
 * might contain.  buf should have SETTINGS_SHOWN_MAX octets; what does not fit
 * is cut.
 *
 * Returns the member's name, or NULL after the last one.
 */
const char *settings_show(char *buf, size_t size,
    const struct settings *settings, size_t i);

#endif
