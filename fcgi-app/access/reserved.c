#include <stdio.h>
#include <string.h>

#include "fcgi-app/access/reserved.h"

bool
reserved_has(const struct settings *settings, const struct dnsname *name)
{
	const struct zone_settings *zone = &settings->zone;
	char text[2 * DNSNAME_MAX + 2];
	struct dnsname place; /* of the responses */

	if (!zone->is_set)
		return false;
	if (dnsname_is_under(name, &zone->name))
		return true;
	(void)snprintf(text, sizeof(text), "%s.%s", name->text,
	    zone->name.text);
	if (dnsname_parse(&place, text, strlen(text), NULL) != ERR_OK)
		return false; /* too long to be in the zone at all */
	for (size_t i = 0; i < zone->n_records; i++) {
		const struct dnsname *owner = &zone->records[i].owner;

		if (owner->len != zone->name.len &&
		    (dnsname_is_under(owner, &place) ||
			dnsname_is_under(&place, owner)))
			return true;
	}
	return false;
}
