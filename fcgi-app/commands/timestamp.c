#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fcgi-app/commands/timestamp.h"

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

/* Take n digits, then `behind` unless it is NUL; false if the text differs. */
static bool
take_digits(const char **text, int n, char behind, int *value)
{
	*value = 0;
	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (**text - '0');
	}
	if (behind == '\0')
		return true;
	return *(*text)++ == behind;
}

/* Take ".525" or nothing. */
static bool
take_fraction(const char **text, int *ms)
{
	int weight = 100;

	*ms = 0;
	if (**text != '.')
		return true;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
		*ms += (**text - '0') * weight;
		weight /= 10;
	}
	return (*text)[-1] != '.';
}

/* Take "Z", "+02:00" or nothing. */
static bool
take_offset(const char **text, int *offset_s)
{
	char sign = **text;
	int hours, minutes;

	*offset_s = 0;
	if (sign == '\0')
		return true;
	(*text)++;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') ||
	    !take_digits(text, 2, ':', &hours) ||
	    !take_digits(text, 2, '\0', &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	return true;
}

static bool
is_in_range(const struct tm *tm)
{
	struct tm again = *tm;

	/* timegm() would turn the 30th of February into a day in March. */
	return timegm(&again) != -1 && again.tm_mday == tm->tm_mday &&
	    again.tm_mon == tm->tm_mon && tm->tm_hour >= 0 &&
	    tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
	    tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

enum err_code
timestamp_parse(int64_t *ms, const char *text, bool is_end, struct err *err)
{
	const char *p = text;
	struct tm tm = { 0 };
	int fraction_ms = 0, offset_s = 0;
	bool is_date = false, good;

	good = take_digits(&p, 4, '-', &tm.tm_year) &&
	    take_digits(&p, 2, '-', &tm.tm_mon) &&
	    take_digits(&p, 2, '\0', &tm.tm_mday);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (good && *p == '\0') {
		is_date = true;
	} else if (good) {
		good = strchr("Tt ", *p) != NULL;
		p++;
		good = good && take_digits(&p, 2, ':', &tm.tm_hour) &&
		    take_digits(&p, 2, ':', &tm.tm_min) &&
		    take_digits(&p, 2, '\0', &tm.tm_sec) &&
		    take_fraction(&p, &fraction_ms) &&
		    take_offset(&p, &offset_s);
	}
	if (!good || *p != '\0' || !is_in_range(&tm))
		return err_set(err, ERR_INPUT,
		    "\"%.40s\" is neither a date (2016-10-10) nor a time "
		    "(2016-10-10T03:11:18Z)",
		    text);
	*ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + fraction_ms +
	    (is_date && is_end ? MS_A_DAY - 1 : 0);
	return ERR_OK;
}
