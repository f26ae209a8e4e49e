#ifndef TESTS_UNIT_SETTINGS_H
#define TESTS_UNIT_SETTINGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/settings.h"

/* Parts of settings files. */

#define FILE_NAME "a.json"
#define REQUIRED                                                               \
	"\"soa_hostname\": \"ns1.example.net\", "                              \
	"\"soa_contact\": \"hostmaster.example.net\""

#define A8      "aaaaaaaa"
#define A56     A8 A8 A8 A8 A8 A8 A8
#define A64     A56 A8
#define SOCKET  "/" A56 A8 A8 A8 A8 A8 A8 "aa" /* 107 octets */
#define FOUR(s) s ", " s ", " s ", " s
#define SEVEN   FOUR("\"a\"") ", \"a\", \"a\", \"a\""
#define NAMES13 FOUR("\"a\"") ", " FOUR("\"a\"") ", " FOUR("\"a\"") ", \"a\""

#endif
