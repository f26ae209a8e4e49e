#include <string.h>

#include "common/dnsname.h"

static bool
is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

/* What is wrong with the folded label of `len` octets before `end`, or NULL. */
static const char *
label_fault(const char *end, size_t len)
{
	if (len == 0)
		return "empty label";
	if (len > DNSNAME_LABEL)
		return "label over 63 octets";
	if (end[-1] == '-' || end[-(ptrdiff_t)len] == '-')
		return "label begins or ends with a hyphen";
	return NULL;
}

enum err_code
dnsname_parse(struct dnsname *name, const char *text, size_t len,
    struct err *err)
{
	struct dnsname out = { .len = 0 };
	const char *fault;
	size_t label = 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > DNSNAME_MAX)
		return err_set(err, ERR_INPUT, "name of %zu octets", len);

	for (; out.len < len; out.len++) {
		char c = fold(text[out.len]);

		if (c == '.') {
			fault = label_fault(out.text + out.len, label);
			if (fault != NULL)
				return err_set(err, ERR_INPUT, "%s", fault);
			label = 0;
		} else if (is_name_octet(c)) {
			label++;
		} else {
			return err_set(err, ERR_INPUT, "octet 0x%02x in a name",
			    (unsigned char)c);
		}
		out.text[out.len] = c;
	}
	fault = label_fault(out.text + out.len, label);
	if (fault != NULL)
		return err_set(err, ERR_INPUT, "%s", fault);

	*name = out;
	return ERR_OK;
}

bool
dnsname_is_under(const struct dnsname *name, const struct dnsname *zone)
{
	size_t skip;

	if (name->len < zone->len)
		return false;
	skip = name->len - zone->len;
	if (memcmp(name->text + skip, zone->text, zone->len) != 0)
		return false;
	return skip == 0 || name->text[skip - 1] == '.';
}

size_t
dnsname_n_labels(const struct dnsname *name)
{
	size_t n = 1;

	for (size_t i = 0; i < name->len; i++)
		n += name->text[i] == '.';
	return n;
}

bool
dnsname_to_parent(struct dnsname *name)
{
	const char *dot = memchr(name->text, '.', name->len);

	if (dot == NULL)
		return false;
	name->len -= (size_t)(dot - name->text) + 1;
	memmove(name->text, dot + 1, name->len + 1);
	return true;
}
