/* Clocks, and times as people and formats write them. */
#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <errno.h>

#define NS_PER_S INT64_C(1000000000)
#define YEAR_10000_S INT64_C(253402300800)

int64_t rd_os_now_ns(enum rd_clock clock)
{
	static const clockid_t ids[] = {
		[RD_CLOCK_WALL] = CLOCK_REALTIME,
		[RD_CLOCK_MONO] = CLOCK_MONOTONIC,
		[RD_CLOCK_THREAD] = CLOCK_THREAD_CPUTIME_ID,
		[RD_CLOCK_PROCESS] = CLOCK_PROCESS_CPUTIME_ID,
	};
	struct timespec ts = { 0 };

	rd_assert(clock >= RD_CLOCK_WALL && clock <= RD_CLOCK_PROCESS);
	if (clock_gettime(ids[clock], &ts))
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t rd_os_deadline(int64_t timeout_ms)
{
	int64_t now;

	if (timeout_ms < 0)
		return RD_NO_DEADLINE;
	now = rd_os_now_ns(RD_CLOCK_MONO);
	if (timeout_ms > (INT64_MAX - now) / 1000000)
		return RD_NO_DEADLINE;
	return now + timeout_ms * 1000000;
}

bool rd_os_random(struct rd_span *out, struct rd_err *err)
{
	while (out->used < out->cap) {
		ssize_t got = getrandom(out->data + out->used, out->cap - out->used, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return rd_fail_errno(err, "os.random", "the system gave no random bytes");
		out->used += (size_t)got;
	}
	return true;
}

/* ---- times as text -----------------------------------------------------------------------------
 */

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back (Hinnant's arithmetic on
 * years that begin in March, so that the leap day comes last). */
static int64_t days_from_date(int64_t y, int64_t m, int64_t d)
{
	int64_t year = m <= 2 ? y - 1 : y;
	int64_t era = year / 400, of_era = year % 400;
	int64_t of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t z = days + 719468, era = z / 146097, day = z % 146097;
	int64_t of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
	int64_t shifted = (5 * of_year + 2) / 153;

	*d = of_year - (153 * shifted + 2) / 5 + 1;
	*m = shifted < 10 ? shifted + 3 : shifted - 9;
	*y = of_era + era * 400 + (*m <= 2);
}

/* A cursor over text; any mismatch makes it fail for good. */
struct scan {
	struct rd_view text;
	size_t pos;
	bool failed;
};

static int64_t digits(struct scan *s, size_t count, int64_t min, int64_t max)
{
	int64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		if (s->failed || s->pos >= s->text.len || s->text.data[s->pos] < '0' ||
		    s->text.data[s->pos] > '9') {
			s->failed = true;
			return 0;
		}
		value = value * 10 + (s->text.data[s->pos++] - '0');
	}
	if (value < min || value > max)
		s->failed = true;
	return value;
}

static bool letter(struct scan *s, const char *any_of)
{
	if (s->failed || s->pos >= s->text.len || !s->text.data[s->pos] ||
	    !strchr(any_of, s->text.data[s->pos]))
		return false;
	s->pos++;
	return true;
}

static void expect(struct scan *s, const char *any_of)
{
	if (!letter(s, any_of))
		s->failed = true;
}

static int64_t month_days(int64_t y, int64_t m)
{
	static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		return 29;
	return m >= 1 && m <= 12 ? days[m - 1] : 31;
}

/* RFC 3339 section 5.6; a leap second counts as the second after it. */
static int64_t scan_rfc3339(struct scan *s)
{
	int64_t y = digits(s, 4, 1970, 9999), m, d, hour, minute, second, offset = 0;

	expect(s, "-");
	m = digits(s, 2, 1, 12);
	expect(s, "-");
	d = digits(s, 2, 1, month_days(y, m));
	expect(s, "Tt ");
	hour = digits(s, 2, 0, 23);
	expect(s, ":");
	minute = digits(s, 2, 0, 59);
	expect(s, ":");
	second = digits(s, 2, 0, 60);
	if (letter(s, ".")) {
		digits(s, 1, 0, 9);
		while (letter(s, "0123456789"))
			;
	}
	if (!letter(s, "Zz")) {
		bool minus = letter(s, "-");

		if (!minus)
			expect(s, "+");
		offset = digits(s, 2, 0, 23) * 3600;
		expect(s, ":");
		offset += digits(s, 2, 0, 59) * 60;
		offset = minus ? -offset : offset;
	}
	return days_from_date(y, m, d) * 86400 + hour * 3600 + minute * 60 + second - offset;
}

bool rd_os_time_parse(struct rd_view text, int64_t *unix_s, struct rd_err *err)
{
	struct scan s = { .text = text };
	struct rd_err ignored = { 0 };
	int64_t value;

	if (rd_parse_i64(text, 0, YEAR_10000_S - 1, unix_s, &ignored))
		return true;
	value = scan_rfc3339(&s);
	if (s.failed || s.pos != text.len || value < 0 || value >= YEAR_10000_S)
		return rd_fail(err, RD_FAULT_MALFORMED, "os.time.form",
			       "expected a time like 2026-02-03T04:05:06Z or Unix seconds, found "
			       "'%.*s'",
			       (int)(text.len < 64 ? text.len : 64), (const char *)text.data);
	*unix_s = value;
	return true;
}

void rd_os_time_format(int64_t unix_s, char out[21])
{
	int64_t t = unix_s < 0 ? 0 : unix_s >= YEAR_10000_S ? YEAR_10000_S - 1 : unix_s;
	int64_t field[6];
	static const int widths[] = { 4, 2, 2, 2, 2, 2 };
	static const char behind[] = "--T::Z";
	size_t pos = 0;

	date_from_days(t / 86400, &field[0], &field[1], &field[2]);
	field[3] = t % 86400 / 3600;
	field[4] = t % 3600 / 60;
	field[5] = t % 60;
	for (size_t i = 0; i < 6; i++) {
		for (int w = widths[i]; w > 0; w--) {
			out[pos + (size_t)w - 1] = (char)('0' + field[i] % 10);
			field[i] /= 10;
		}
		pos += (size_t)widths[i];
		out[pos++] = behind[i];
	}
	out[pos] = '\0';
}
