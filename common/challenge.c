#include <string.h>

#include "common/challenge.h"

bool
challenge_is_label(const char *text, size_t len)
{
	if (len != CHALLENGE_LABEL_LEN || text[0] != '_')
		return false;
	for (size_t i = 1; i < len; i++)
		if (text[i] == '\0' ||
		    strchr("abcdefghijklmnopqrstuvwxyz234567", text[i]) == NULL)
			return false;
	return true;
}

/* If the name begins with an account's label, move that to `label`. */
static void
take_label(struct challenge *challenge)
{
	struct dnsname *name = &challenge->name;

	if (name->len <= CHALLENGE_LABEL_LEN ||
	    name->text[CHALLENGE_LABEL_LEN] != '.' ||
	    !challenge_is_label(name->text, CHALLENGE_LABEL_LEN))
		return;
	memcpy(challenge->label, name->text, CHALLENGE_LABEL_LEN);
	(void)dnsname_to_parent(name);
}

bool
challenge_parse(struct challenge *challenge, const struct dnsname *name)
{
	struct challenge out = { .name = *name };

	take_label(&out);
	if (!dnsname_drop_label(&out.name, "_acme-challenge"))
		return false;
	*challenge = out;
	return true;
}

bool
challenge_parse_in_zone(struct challenge *challenge, const struct dnsname *name,
    const struct dnsname *zone)
{
	struct challenge out = { .name = *name };

	if (name->len == zone->len || !dnsname_is_under(name, zone))
		return false;
	out.name.len -= zone->len + 1;
	out.name.text[out.name.len] = '\0';
	take_label(&out);
	*challenge = out;
	return true;
}

bool
challenge_parse_persistent(struct dnsname *of, const struct dnsname *name)
{
	struct dnsname out = *name;

	if (!dnsname_drop_label(&out, "_validation-persist"))
		return false;
	*of = out;
	return true;
}
