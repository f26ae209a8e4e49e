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

static size_t
label_len(const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);

	return dot != NULL ? (size_t)(dot - name) : len;
}

static bool
is_label(const char *name, size_t len, const char *label)
{
	return len == strlen(label) && memcmp(name, label, len) == 0;
}

bool
challenge_look(struct challenge_form *form, const char *name, size_t len,
    bool in_zone)
{
	size_t first = label_len(name, len);

	*form = (struct challenge_form){ .n_labels = 0 };
	if (is_label(name, first, CHALLENGE_PERSIST)) {
		form->is_persistent = true;
		form->n_labels = 1;
		return first < len;
	}
	if (first < len && challenge_is_label(name, first)) {
		form->has_label = true;
		form->n_labels++;
		name += first + 1;
		len -= first + 1;
		first = label_len(name, len);
	}
	if (in_zone)
		return true;
	form->n_labels++;
	return is_label(name, first, CHALLENGE_FIRST) && first < len;
}

/* Drop the labels that a form has in front. */
static void
take_off(struct challenge *challenge, const struct challenge_form *form)
{
	if (form->has_label)
		memcpy(challenge->label, challenge->name.text,
		    CHALLENGE_LABEL_LEN);
	for (size_t i = 0; i < form->n_labels; i++)
		(void)dnsname_to_parent(&challenge->name);
}

bool
challenge_parse(struct challenge *challenge, const struct dnsname *name)
{
	struct challenge_form form;

	if (!challenge_look(&form, name->text, name->len, false) ||
	    form.is_persistent)
		return false;
	*challenge = (struct challenge){ .name = *name };
	take_off(challenge, &form);
	return true;
}

bool
challenge_parse_in_zone(struct challenge *challenge, const struct dnsname *name,
    const struct dnsname *zone)
{
	struct challenge out = { .name = *name };
	struct challenge_form form;

	if (name->len == zone->len || !dnsname_is_under(name, zone))
		return false;
	out.name.len -= zone->len + 1;
	out.name.text[out.name.len] = '\0';
	if (challenge_look(&form, out.name.text, out.name.len, true) &&
	    !form.is_persistent)
		take_off(&out, &form);
	*challenge = out;
	return true;
}
