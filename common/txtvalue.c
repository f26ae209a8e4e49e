#include <stdbool.h>
#include <string.h>

#include "common/txtvalue.h"

static bool
is_base64url(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

enum err_code
txtvalue_parse(struct txtvalue *value, const char *text, size_t len,
    struct err *err)
{
	if (len == 0 || len > TXTVALUE_MAX)
		return err_set(err, ERR_INPUT, "response of %zu octets", len);
	for (size_t i = 0; i < len; i++)
		if (!is_base64url(text[i]))
			return err_set(err, ERR_INPUT,
			    "octet 0x%02x in a response",
			    (unsigned char)text[i]);
	value->len = len;
	memcpy(value->text, text, len);
	value->text[len] = '\0';
	return ERR_OK;
}
