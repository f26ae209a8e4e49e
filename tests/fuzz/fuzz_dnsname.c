/* A name is accepted if and only if RFC 1035 and our alphabet allow it. */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/api/params.h"
#include "tests/fuzz/check.h"

static void
check_parents(struct dnsname name)
{
	struct dnsname zone = name;
	size_t n = dnsname_n_labels(&name);

	CHECK(dnsname_is_under(&name, &zone));
	while (dnsname_to_parent(&zone)) {
		check_name(&zone);
		CHECK(dnsname_is_under(&name, &zone));
		CHECK(!dnsname_is_under(&zone, &name));
		CHECK(dnsname_n_labels(&zone) == --n);
	}
	CHECK(n == 1);
}

static void
check_challenge(const struct dnsname *name)
{
	struct challenge challenge = { .name.len = 0 };
	char again[2 * DNSNAME_MAX];

	if (!challenge_parse(&challenge, name))
		return;
	check_name(&challenge.name);
	(void)snprintf(again, sizeof(again), "%s%s_acme-challenge.%s",
	    challenge.label, challenge.label[0] != '\0' ? "." : "",
	    challenge.name.text);
	CHECK(strcmp(again, name->text) == 0);
}

static void
check_client_name(const char *text, size_t len)
{
	struct dnsname name;
	const char *dot;

	if (params_parse_name(&name, text, len) != NULL)
		return;
	check_name(&name);
	dot = strrchr(name.text, '.');
	CHECK(dot != NULL && dot[1 + strspn(dot + 1, "0123456789")] != '\0');
	CHECK(name.len + strlen("_acme-challenge.") <= DNSNAME_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct dnsname name, untouched, again;

	memset(&name, 0xa5, sizeof(name));
	memcpy(&untouched, &name, sizeof(name));
	check_client_name(text, size);
	if (dnsname_parse(&name, text, size, NULL) != ERR_OK) {
		CHECK(!check_is_name(text, size));
		CHECK(memcmp(&name, &untouched, sizeof(name)) == 0);
		return 0;
	}
	CHECK(check_is_name(text, size));
	check_name(&name);
	CHECK(dnsname_parse(&again, name.text, name.len, NULL) == ERR_OK);
	CHECK(strcmp(name.text, again.text) == 0);
	check_parents(name);
	check_challenge(&name);
	return 0;
}
