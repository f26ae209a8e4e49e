#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/access/cidr.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

/* One row a case; NULL means refused. */
static const struct {
	const char *in, *want;
} parse_cases[] = {
	{ "192.0.2.0/24", "192.0.2.0/24" },
	{ "192.0.2.1/0", "192.0.2.1/0" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "192.0.2.1/31", "192.0.2.1/31" },
	{ "255.255.255.255/32", "255.255.255.255/32" },
	{ "2001:db8::/32", "2001:db8::/32" },
	{ "2001:DB8::/32", "2001:DB8::/32" },
	{ "::/0", "::/0" },
	{ "::1/127", "::1/127" },
	{ "::1/128", "::1/128" },
	{ "2001:db8::192.0.2.1/128", "2001:db8::192.0.2.1/128" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128" },
	/* Host bits stay. */
	{ "192.0.2.77/24", "192.0.2.77/24" },
	{ "2001:db8::77/32", "2001:db8::77/32" },
	/* Brackets around an IPv6 address are dropped. */
	{ "[2001:db8::]/32", "2001:db8::/32" },
	{ "[::1]/128", "::1/128" },
	{ "1[9]2.0.2.0/24", NULL },
	{ "[192.0.2.0]/24", NULL },
	{ "192.0.2.0/[24]", NULL },
	{ "]2001:db8::[/32", NULL },
	{ "[::1/128", NULL },
	{ "::1]/128", NULL },
	{ "[[::1]]/128", NULL },
	/* IPv4-mapped ones stay as they are. */
	{ "::ffff:192.0.2.0/120", "::ffff:192.0.2.0/120" },
	/* Prefix lengths. */
	{ "192.0.2.0", NULL },
	{ "192.0.2.0/", NULL },
	{ "192.0.2.0/33", NULL },
	{ "192.0.2.0/128", NULL },
	{ "192.0.2.0/1000", NULL },
	{ "192.0.2.0/4294967320", NULL }, /* 2^32 + 24 */
	{ "192.0.2.0/-1", NULL },
	{ "192.0.2.0/+24", NULL },
	{ "192.0.2.0/ 24", NULL },
	{ "192.0.2.0/24 ", NULL },
	{ "192.0.2.0/24.0", NULL },
	{ "192.0.2.0/0x18", NULL },
	{ "192.0.2.0/a", NULL },
	{ "192.0.2.0/24/24", NULL },
	{ "192.0.2.0//24", NULL },
	{ "192.0.2.0/255.255.255.0", NULL },
	{ "2001:db8::", NULL },
	{ "2001:db8::/", NULL },
	{ "2001:db8::/129", NULL },
	{ "2001:db8::/999", NULL },
	{ "2001:db8::/-1", NULL },
	{ "[2001:db8::]", NULL },
	/* Addresses. */
	{ "", NULL },
	{ "/", NULL },
	{ "/24", NULL },
	{ "[]/24", NULL },
	{ "a/24", NULL },
	{ "example.com/24", NULL },
	{ "192.0.2/24", NULL },
	{ "192.0.2.0.0/24", NULL },
	{ "192.0.2.256/24", NULL },
	{ "192.0.2.010/24", NULL },
	{ "192.0.2.-1/24", NULL },
	{ "192.0.2./24", NULL },
	{ "0xc0.0.2.0/24", NULL },
	{ "3221225984/24", NULL },
	{ " 192.0.2.0/24", NULL },
	{ "192.0.2.0/24 198.51.100.0/24", NULL },
	{ "192.0.2.0/24,198.51.100.0/24", NULL },
	{ ":/32", NULL },
	{ ":::/32", NULL },
	{ "2001:db8/32", NULL },
	{ "2001::db8::/32", NULL },
	{ "2001:db8:0:0:0:0:0:0:0/32", NULL },
	{ "2001:db80g::/32", NULL },
	{ "2001:db8ff::/32", NULL },
	{ "fe80::1%eth0/64", NULL },
	{ "fe80::1%1/64", NULL },
	{ "::192.0.2/96", NULL },
	{ A64 "/24", NULL },
	{ A64 A64 A64, NULL },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		const char *in = parse_cases[i].in;
		const char *want = parse_cases[i].want;
		char out[CIDR_MAX] = "untouched";
		struct err err = { 0 };

		print_message("case %zu: \"%s\"\n", i, in);
		assert_int_equal(cidr_parse(out, in, strlen(in), &err),
		    want != NULL ? ERR_OK : ERR_INPUT);
		assert_string_equal(out, want != NULL ? want : "untouched");
		assert_int_equal(err.code, want != NULL ? ERR_OK : ERR_INPUT);
		assert_int_equal(err.text[0] == '\0', want != NULL);
	}
}

static void
test_parse_stops_at_len(void **state)
{
	static const char text[] = "192.0.2.0/24\0/24";
	char out[CIDR_MAX];

	(void)state;
	assert_int_equal(cidr_parse(out, "192.0.2.0/245", 12, NULL), ERR_OK);
	assert_string_equal(out, "192.0.2.0/24");
	assert_int_equal(cidr_parse(out, text, 12, NULL), ERR_OK);
	assert_int_equal(cidr_parse(out, text, 13, NULL), ERR_INPUT);
	assert_int_equal(cidr_parse(out, text, 16, NULL), ERR_INPUT);
}

/* An octet that no network has is refused, wherever it is. */
static void
test_parse_refuses_other_octets(void **state)
{
	static const char *const networks[] = { "192.0.2.0/24",
		"2001:db8::/32" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(networks); i++) {
		size_t len = strlen(networks[i]);

		for (size_t octet = 0; octet <= 0xff; octet++) {
			if (octet != 0 &&
			    strchr("0123456789abcdefABCDEF.:/[]", (int)octet))
				continue;
			for (size_t at = 0; at <= len; at++) {
				char text[32], out[CIDR_MAX];

				memcpy(text, networks[i], at);
				text[at] = (char)octet;
				memcpy(text + at + 1, networks[i] + at,
				    len - at);
				if (cidr_parse(out, text, len + 1, NULL) !=
				    ERR_INPUT)
					fail_msg("octet 0x%02zx at %zu", octet,
					    at);
			}
		}
	}
}

#define NET1 "192.0.2.0/24"
#define NET2 "198.51.100.64/26"
#define NET6 "2001:db8::/32"

static const struct {
	const char *networks, *address;
	bool want;
} list_cases[] = {
	{ NET1, "192.0.2.0", true },
	{ NET1, "192.0.2.255", true },
	{ NET1, "192.0.1.255", false },
	{ NET1, "192.0.3.0", false },
	{ NET2, "198.51.100.63", false },
	{ NET2, "198.51.100.64", true },
	{ NET2, "198.51.100.127", true },
	{ NET2, "198.51.100.128", false },
	{ NET6, "2001:db8::", true },
	{ NET6, "2001:DB8:FFFF:ffff:ffff:ffff:ffff:ffff", true },
	{ NET6, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false },
	{ NET6, "2001:db9::", false },
	/* Host bits of the network do not count. */
	{ "192.0.2.77/24", "192.0.2.1", true },
	{ "192.0.2.77/24", "192.0.3.77", false },
	{ "198.51.100.127/26", "198.51.100.64", true },
	{ "2001:db8::77/32", "2001:db8::1", true },
	{ "2001:db8::77/32", "2001:db9::77", false },
	/* The shortest and the longest prefixes. */
	{ "0.0.0.0/0", "0.0.0.0", true },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "192.0.2.1/0", "198.51.100.1", true },
	{ "192.0.2.1/32", "192.0.2.1", true },
	{ "192.0.2.1/32", "192.0.2.0", false },
	{ "192.0.2.1/31", "192.0.2.0", true },
	{ "192.0.2.1/31", "192.0.2.2", false },
	{ "::/0", "::", true },
	{ "::/0", "2001:db8::1", true },
	{ "2001:db8::1/128", "2001:db8::1", true },
	{ "2001:db8::1/128", "2001:db8:0:0:0:0:0:1", true },
	{ "2001:db8::1/128", "2001:db8::", false },
	{ "2001:db8::1/127", "2001:db8::", true },
	{ "2001:db8::1/127", "2001:db8::2", false },
	/* An address is in networks of its own family only. */
	{ "0.0.0.0/0", "::", false },
	{ "0.0.0.0/0", "::1", false },
	{ "::/0", "0.0.0.0", false },
	{ "::/0", "192.0.2.1", false },
	/* An IPv4-mapped address is the IPv4 address. */
	{ NET1, "::ffff:192.0.2.1", true },
	{ NET1, "::ffff:192.0.3.1", false },
	{ NET1, "::FFFF:192.0.2.1", true },
	{ NET1, "::ffff:c000:201", true },
	{ "::ffff:192.0.2.0/120", "192.0.2.1", true },
	{ "::ffff:192.0.2.0/120", "::ffff:192.0.2.1", true },
	{ "::ffff:192.0.2.0/120", "192.0.3.1", false },
	{ "::ffff:0:0/96", "192.0.2.1", true },
	{ "0.0.0.0/0", "::ffff:192.0.2.1", true },
	{ "::/0", "::ffff:192.0.2.1", false },
	{ NET1, "::192.0.2.1", false },
	{ "::/0", "::192.0.2.1", true },
	/* Several networks, one of which is enough. */
	{ "", "192.0.2.1", false },
	{ "", "::1", false },
	{ " ", "192.0.2.1", false },
	{ NET1 " " NET2 " " NET6, "192.0.2.1", true },
	{ NET1 " " NET2 " " NET6, "198.51.100.100", true },
	{ NET1 " " NET2 " " NET6, "2001:db8::1", true },
	{ NET1 " " NET2 " " NET6, "::ffff:198.51.100.100", true },
	{ NET1 " " NET2 " " NET6, "203.0.113.1", false },
	{ NET1 " " NET2 " " NET6, "2001:db9::1", false },
	{ " " NET1 "  " NET2 " ", "198.51.100.100", true },
	/* A malformed network has no addresses, and the next one counts. */
	{ "x", "192.0.2.1", false },
	{ "192.0.2.1", "192.0.2.1", false },
	{ "192.0.2.0/33", "192.0.2.0", false },
	{ "::/129", "::", false },
	{ "x " NET1, "192.0.2.1", true },
	{ A64 A64 " " NET1, "192.0.2.1", true },
	{ NET1 "," NET2, "192.0.2.1", false },
	/* What is not an address is in no network. */
	{ "0.0.0.0/0 ::/0", "", false },
	{ "0.0.0.0/0 ::/0", "x", false },
	{ "0.0.0.0/0 ::/0", "192.0.2", false },
	{ "0.0.0.0/0 ::/0", "192.0.2.256", false },
	{ "0.0.0.0/0 ::/0", "192.0.2.1 ", false },
	{ "0.0.0.0/0 ::/0", "192.0.2.1:443", false },
	{ "0.0.0.0/0 ::/0", "192.0.2.1/32", false },
	{ "0.0.0.0/0 ::/0", "[::1]", false },
	{ "0.0.0.0/0 ::/0", "::1::", false },
	{ "0.0.0.0/0 ::/0", "::ffff:", false },
	{ "0.0.0.0/0 ::/0", "::ffff:192.0.2", false },
	{ "0.0.0.0/0 ::/0", "::ffff:192.0.2.1.", false },
	{ "0.0.0.0/0 ::/0", "unix:", false },
	{ "0.0.0.0/0 ::/0", A64 A64, false },
};

/* As the scripts compare: an address begins with the bits of its network. */
static bool
list_has(const char *networks, const char *address)
{
	char bits[CIDR_BITS], network[CIDR_MAX], of_network[CIDR_BITS];

	if (!cidr_address_bits(bits, address))
		return false;
	while (*networks != '\0') {
		size_t len = strcspn(networks, " ");

		(void)snprintf(network, sizeof(network), "%.*s", (int)len,
		    networks);
		if (cidr_bits(of_network, network) &&
		    strncmp(bits, of_network, strlen(of_network)) == 0)
			return true;
		networks += len + (networks[len] == ' ');
	}
	return false;
}

/* What a client's address is counted by. */
static const struct {
	const char *address, *want;
} network_cases[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "::ffff:192.0.2.1", "192.0.2.1" },
	{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
	{ "2001:db8::", "2001:db8::/64" },
	{ "::1", "::/64" },
	{ "", "" },
	{ "unix:", "" },
};

static void
test_network_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(network_cases); i++) {
		char got[CIDR_MAX];

		print_message("%s\n", network_cases[i].address);
		cidr_network_of(got, network_cases[i].address);
		assert_string_equal(got, network_cases[i].want);
	}
}

static void
test_list_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(list_cases); i++) {
		print_message("case %zu: \"%s\" in \"%s\"\n", i,
		    list_cases[i].address, list_cases[i].networks);
		assert_int_equal(list_has(list_cases[i].networks,
				     list_cases[i].address),
		    list_cases[i].want);
	}
}

/* A family, and an address of it. */
static const struct {
	int family;
	unsigned n_bits;
	const char *address;
} families[] = {
	{ AF_INET, 32, "192.0.2.165" },
	{ AF_INET6, 128, "2001:db8:a5:5a:ff:0:1234:8421" },
};

/* An address that differs in one bit is in when that bit is a host bit. */
static void
check_each_bit(size_t row, unsigned prefix)
{
	char network[CIDR_MAX];

	(void)snprintf(network, sizeof(network), "%s/%u", families[row].address,
	    prefix);
	assert_true(list_has(network, families[row].address));
	for (unsigned bit = 0; bit < families[row].n_bits; bit++) {
		unsigned char octets[sizeof(struct in6_addr)];
		char text[INET6_ADDRSTRLEN];

		assert_int_equal(inet_pton(families[row].family,
				     families[row].address, octets),
		    1);
		octets[bit / 8] ^= (unsigned char)(0x80u >> bit % 8);
		assert_non_null(inet_ntop(families[row].family, octets, text,
		    sizeof(text)));
		if (list_has(network, text) != (bit >= prefix))
			fail_msg("%s in %s", text, network);
	}
}

static void
test_each_prefix_and_bit(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT_OF(families); row++)
		for (unsigned prefix = 0; prefix <= families[row].n_bits;
		     prefix++)
			check_each_bit(row, prefix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_stops_at_len),
		cmocka_unit_test(test_parse_refuses_other_octets),
		cmocka_unit_test(test_list_has),
		cmocka_unit_test(test_network_of),
		cmocka_unit_test(test_each_prefix_and_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
