#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fcgi-app/timestamp.h"

#define MS_A_DAY 86400000

void
timestamp_format(char *buf, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char day[20];
	struct tm tm;

	buf[0] = '\0';
	if (ms <= 0 || gmtime_r(&s, &tm) == NULL ||
	    strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return;
	(void)snprintf(buf, TIMESTAMP_LEN + 1, "%s.%03u000+00:00", day,
	    (unsigned)(ms % 1000) % 1000u);
}

/* "Z", "+02:00" or nothing; false if it is anything else. */
static bool
parse_offset(const char *text, int *offset_s)
{
	int hours, minutes;
	char sign, rest;

	*offset_s = 0;
	if (strcmp(text, "") == 0 || strcmp(text, "Z") == 0 ||
	    strcmp(text, "z") == 0)
		return true;
	if (strlen(text) != 6 ||
	    sscanf(text, "%c%2d:%2d%c", &sign, &hours, &minutes, &rest) != 3 ||
	    (sign != '+' && sign != '-') || hours > 23 || minutes > 59 ||
	    hours < 0 || minutes < 0)
		return false;
	*offset_s = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	return true;
}

static bool
is_in_range(const struct tm *tm)
{
	struct tm again = *tm;

	/* timegm() would make the 1st of March of the 30th of February. */
	return timegm(&again) != -1 && again.tm_mday == tm->tm_mday &&
	    again.tm_mon == tm->tm_mon && tm->tm_hour >= 0 &&
	    tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
	    tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

enum err_code
timestamp_parse(int64_t *ms, const char *text, bool is_end, struct err *err)
{
	struct tm tm = { 0 };
	const char *rest;
	double fraction = 0;
	int n = 0, offset_s = 0;
	bool is_date;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		&n) != 3 ||
	    n != 10)
		goto bad;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	rest = text + n;
	is_date = *rest == '\0';
	if (!is_date) {
		char *after;

		n = 0;
		if (strchr("Tt ", *rest) == NULL ||
		    sscanf(rest + 1, "%2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min,
			&tm.tm_sec, &n) != 3 ||
		    n != 8)
			goto bad;
		rest += 9;
		if (*rest == '.') {
			fraction = strtod(rest, &after);
			rest = after;
		}
		if (!parse_offset(rest, &offset_s))
			goto bad;
	}
	if (!is_in_range(&tm))
		goto bad;
	*ms = ((int64_t)timegm(&tm) - offset_s) * 1000 +
	    (int64_t)(fraction * 1000) + (is_date && is_end ? MS_A_DAY - 1 : 0);
	return ERR_OK;
bad:
	return err_set(err, ERR_INPUT,
	    "\"%.40s\" is neither a date (2016-10-10) nor a time "
	    "(2016-10-10T03:11:18Z)",
	    text);
}
