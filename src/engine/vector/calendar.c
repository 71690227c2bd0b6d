/* Dates of the proleptic Gregorian calendar: interval arithmetic and fields. */
#include "vector_int.h"

#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

struct civil {
	int64_t year; /* astronomical: 0 is 1 BC */
	int32_t month, day;
};

/* Years begin in March here, so that the leap day comes last; 400 years are 146097 days. */
static int64_t to_days(struct civil c)
{
	int64_t year = c.month <= 2 ? c.year - 1 : c.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil from_days(int64_t days)
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

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int32_t days_of_month(int64_t year, int32_t month)
{
	struct civil first = { year, month, 1 }, next = { year, month + 1, 1 };

	if (month == 12)
		next = (struct civil){ year + 1, 1, 1 };
	return (int32_t)(to_days(next) - to_days(first));
}

bool rd_v_date_add(int64_t micros, const struct rd_value *interval, int64_t *out)
{
	int64_t day = floor_div(micros, US_PER_DAY), months;
	struct civil c = from_days(day);
	rd_int128 sum;

	months = c.year * 12 + c.month - 1 + interval->interval.months;
	c.year = floor_div(months, 12);
	c.month = (int32_t)(months - c.year * 12) + 1;
	if (c.day > days_of_month(c.year, c.month))
		c.day = days_of_month(c.year, c.month);
	sum = (rd_int128)(to_days(c) + interval->interval.days) * US_PER_DAY +
	      (micros - day * US_PER_DAY) + interval->interval.micros;
	*out = (int64_t)sum;
	return sum == (int64_t)sum;
}

rd_int128 rd_v_extract(int64_t micros, int32_t field)
{
	int64_t day = floor_div(micros, US_PER_DAY), of_day = micros - day * US_PER_DAY;
	struct civil c = from_days(day), new_year = { c.year, 1, 1 };
	int64_t value = 0;

	switch ((enum rd_field)field) {
	case RD_FIELD_YEAR:
		value = c.year > 0 ? c.year : c.year - 1;
		break;
	case RD_FIELD_MONTH:
		value = c.month;
		break;
	case RD_FIELD_DAY:
		value = c.day;
		break;
	case RD_FIELD_QUARTER:
		value = (c.month - 1) / 3 + 1;
		break;
	case RD_FIELD_HOUR:
		value = of_day / (3600 * US_PER_S);
		break;
	case RD_FIELD_MINUTE:
		value = of_day / (60 * US_PER_S) % 60;
		break;
	case RD_FIELD_SECOND:
		return of_day % (60 * US_PER_S);
	case RD_FIELD_DOW:
		value = ((day + 4) % 7 + 7) % 7;
		break;
	case RD_FIELD_DOY:
		value = day - to_days(new_year) + 1;
		break;
	case RD_FIELD_EPOCH:
		return micros;
	}
	return (rd_int128)value * US_PER_S;
}
