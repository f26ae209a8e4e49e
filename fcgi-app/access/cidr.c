#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/access/cidr.h"

struct address {
	int family;
	unsigned n_bits; /* 32 or 128 */
	unsigned char octets[sizeof(struct in6_addr)];
};

static bool
parse_address(struct address *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	out->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	out->n_bits = out->family == AF_INET6 ? 128 : 32;
	return inet_pton(out->family, text, out->octets) == 1;
}

/* An IPv4-mapped address is the IPv4 address (RFC 4291, 2.5.5.2). */
static bool
unmap(struct address *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address->family != AF_INET6 ||
	    memcmp(address->octets, mapped, sizeof(mapped)) != 0)
		return false;
	address->family = AF_INET;
	memmove(address->octets, address->octets + sizeof(mapped), 4);
	return true;
}

/* Parse "ADDRESS/BITS"; *n_bits is BITS, of IPv4 if the address is. */
static bool
parse_network(struct address *out, unsigned *n_bits, const char *text)
{
	char address[CIDR_MAX];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : 0;
	char *end;

	if (len == 0 || len >= sizeof(address) || slash[1] < '0' ||
	    slash[1] > '9')
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	*n_bits = (unsigned)strtoul(slash + 1, &end, 10);
	if (*end != '\0' || strlen(slash + 1) > 3 ||
	    !parse_address(out, address) || *n_bits > out->n_bits)
		return false;
	if (*n_bits >= 96 && unmap(out))
		*n_bits -= 96;
	return true;
}

enum err_code
cidr_parse(char *out, const char *text, size_t len, struct err *err)
{
	char plain[CIDR_MAX];
	struct address address;
	unsigned n_bits;
	char *close;

	if (len >= sizeof(plain) || memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_INPUT, "no network");
	memcpy(plain, text, len);
	plain[len] = '\0';
	close = strstr(plain, "]/");
	if (plain[0] == '[' && close != NULL && strchr(plain, ':') != NULL) {
		memmove(close, close + 1, strlen(close));
		memmove(plain, plain + 1, strlen(plain));
	}
	if (!parse_network(&address, &n_bits, plain))
		return err_set(err, ERR_INPUT, "no network");
	(void)snprintf(out, CIDR_MAX, "%s", plain);
	return ERR_OK;
}

/* "4" or "6" and the first n_bits of an address, as '0' and '1'. */
static void
write_bits(char *out, const struct address *address, unsigned n_bits)
{
	*out++ = address->family == AF_INET6 ? '6' : '4';
	for (unsigned i = 0; i < n_bits; i++)
		*out++ = (address->octets[i / 8] >> (7 - i % 8) & 1) != 0 ? '1'
									  : '0';
	*out = '\0';
}

bool
cidr_bits(char *out, const char *network)
{
	struct address address;
	unsigned n_bits;

	if (!parse_network(&address, &n_bits, network))
		return false;
	write_bits(out, &address, n_bits);
	return true;
}

bool
cidr_address_bits(char *out, const char *text)
{
	struct address address;

	if (!parse_address(&address, text))
		return false;
	if (unmap(&address))
		address.n_bits = 32;
	write_bits(out, &address, address.n_bits);
	return true;
}

void
cidr_network_of(char *out, const char *text)
{
	char network[INET6_ADDRSTRLEN];
	struct address address;

	out[0] = '\0';
	if (!parse_address(&address, text))
		return;
	if (unmap(&address) || address.family == AF_INET) {
		(void)inet_ntop(AF_INET, address.octets, out, CIDR_MAX);
		return;
	}
	memset(address.octets + 8, 0, 8);
	(void)inet_ntop(AF_INET6, address.octets, network, sizeof(network));
	(void)snprintf(out, CIDR_MAX, "%s/64", network);
}
