/* Days and dates of the proleptic Gregorian calendar, over all 32-bit days and more. */
#ifndef RD_TABLE_CALENDAR_H
#define RD_TABLE_CALENDAR_H

#include <stdint.h>

#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

struct civil {
	int64_t year; /* astronomical: 0 is 1 BC */
	int32_t month, day;
};

/* Years begin in March here, so that the leap day comes last; 400 years are 146097 days. */
static inline int64_t civil_to_days(struct civil c)
{
	int64_t year = c.month <= 2 ? c.year - 1 : c.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static inline struct civil civil_from_days(int64_t days)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day = z - era * 146097;
	int64_t of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
	int64_t shifted = (5 * of_year + 2) / 153;
	struct civil c = { .day = (int32_t)(of_year - (153 * shifted + 2) / 5 + 1),
			   .month = (int32_t)(shifted < 10 ? shifted + 3 : shifted - 9) };

	c.year = of_era + era * 400 + (c.month <= 2);
	return c;
}

#endif
