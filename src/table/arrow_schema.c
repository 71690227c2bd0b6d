/* The columns of an Arrow stream and the types that they have in tables. */
#include "arrow_read_int.h"

#include <stdlib.h>

/* ---- types ----------------------------------------------------------------------------------- */

/* Names of the union Type. */
static const char *type_name(enum arrow_type type)
{
	static const char *const names[] = {
		"none",          "Null",      "Int",           "FloatingPoint",
		"Binary",        "Utf8",      "Bool",          "Decimal",
		"Date",          "Time",      "Timestamp",     "Interval",
		"List",          "Struct",    "Union",         "FixedSizeBinary",
		"FixedSizeList", "Map",       "Duration",      "LargeBinary",
		"LargeUtf8",     "LargeList", "RunEndEncoded", "BinaryView",
		"Utf8View",      "ListView",  "LargeListView",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

static uint32_t number(struct flat *f, const struct flat_table *t, uint32_t field, size_t size,
		       uint32_t absent)
{
	return (uint32_t)flat_scalar(f, t, field, size, absent);
}

/* What the table of the type says. */
static void read_parameters(struct flat *f, const struct flat_table *t, struct arrow_field *out)
{
	switch (out->type) {
	case ARROW_INT:
		out->bits = number(f, t, 0, 4, 0);
		out->is_signed = number(f, t, 1, 1, 0) != 0;
		break;
	case ARROW_FLOAT:
		out->unit = number(f, t, 0, 2, ARROW_HALF);
		out->bits = 16u << (out->unit & 3);
		break;
	case ARROW_DECIMAL:
		out->precision = (int32_t)number(f, t, 0, 4, 0);
		out->scale = (int32_t)number(f, t, 1, 4, 0);
		out->bits = number(f, t, 2, 4, 128);
		break;
	case ARROW_DATE:
		out->bits = number(f, t, 0, 2, 1) ? 64 : 32;
		break;
	case ARROW_TIME:
		out->unit = number(f, t, 0, 2, ARROW_MILLI);
		out->bits = number(f, t, 1, 4, 32);
		break;
	case ARROW_TIMESTAMP:
	case ARROW_DURATION:
		out->unit = number(f, t, 0, 2,
				   out->type == ARROW_TIMESTAMP ? ARROW_SECOND : ARROW_MILLI);
		out->bits = 64;
		break;
	case ARROW_INTERVAL:
		out->unit = number(f, t, 0, 2, ARROW_MONTHS);
		out->bits = out->unit == ARROW_MONTHS        ? 32
			    : out->unit == ARROW_DAYS_MILLIS ? 64
							     : 128;
		break;
	case ARROW_FIXED_BINARY:
		out->bits = number(f, t, 0, 4, 0);
		break;
	default:
		break;
	}
}

static void set_layout(struct arrow_field *f)
{
	f->layout = ARROW_VALUES;
	switch (f->type) {
	case ARROW_NULL:
		f->layout = ARROW_NO_BUFFERS;
		break;
	case ARROW_BOOL:
		f->bits = 1;
		break;
	case ARROW_UTF8:
	case ARROW_BINARY:
	case ARROW_LARGE_UTF8:
	case ARROW_LARGE_BINARY:
		f->layout = ARROW_OFFSETS;
		f->bits = f->type == ARROW_UTF8 || f->type == ARROW_BINARY ? 32 : 64;
		break;
	case ARROW_UTF8_VIEW:
	case ARROW_BINARY_VIEW:
		f->layout = ARROW_VIEWS;
		f->bits = 128;
		break;
	default:
		break;
	}
}

static void read_type(struct flat *f, const struct flat_table *field, struct arrow_field *out)
{
	struct flat_table t, dictionary, index;

	out->type = (enum arrow_type)flat_scalar(f, field, 2, 1, 0);
	out->is_uuid = rd_view_eq(flat_metadata(f, field, 6, "ARROW:extension:name"),
				  rd_view_str("arrow.uuid"));
	if (flat_child(f, field, 3, &t))
		read_parameters(f, &t, out);
	set_layout(out);
	if (!flat_child(f, field, 4, &dictionary))
		return;
	out->has_dictionary = true;
	out->dictionary = (int64_t)flat_scalar(f, &dictionary, 0, 8, 0);
	out->index_bits = 32;
	out->index_signed = true;
	if (flat_child(f, &dictionary, 1, &index)) {
		out->index_bits = (uint32_t)flat_scalar(f, &index, 0, 4, 0);
		out->index_signed = flat_scalar(f, &index, 1, 1, 0) != 0;
	}
}

static bool int_bits(uint32_t bits)
{
	return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

static enum rd_type int_type(const struct arrow_field *f)
{
	if (!int_bits(f->bits))
		return RD_NOTYPE;
	if (f->bits < 32 || (f->bits == 32 && f->is_signed))
		return RD_INT32;
	return f->bits == 32 || f->is_signed ? RD_INT64 : RD_DECIMAL; /* up to 2^64 - 1 */
}

static bool decimal_fits(const struct arrow_field *f)
{
	return (f->bits == 32 || f->bits == 64 || f->bits == 128 || f->bits == 256) &&
	       f->precision >= 1 && f->precision <= 38 && f->scale >= 0 && f->scale <= f->precision;
}

/* RD_NOTYPE: none of ours. */
static enum rd_type plain_type(const struct arrow_field *f)
{
	switch (f->type) {
	case ARROW_BOOL:
		return RD_BOOL;
	case ARROW_INT:
		return int_type(f);
	case ARROW_FLOAT:
		return f->unit <= ARROW_DOUBLE ? RD_DOUBLE : RD_NOTYPE;
	case ARROW_DECIMAL:
		return decimal_fits(f) ? RD_DECIMAL : RD_NOTYPE;
	case ARROW_DATE:
		return RD_DATE;
	case ARROW_TIME:
		return f->unit <= ARROW_NANO && f->bits == (f->unit <= ARROW_MILLI ? 32 : 64)
			       ? RD_TEXT
			       : RD_NOTYPE;
	case ARROW_TIMESTAMP:
		return f->unit <= ARROW_NANO ? RD_TIMESTAMP : RD_NOTYPE;
	case ARROW_DURATION:
		return f->unit <= ARROW_NANO ? RD_INT64 : RD_NOTYPE;
	case ARROW_INTERVAL:
		return f->unit <= ARROW_MONTHS_DAYS_NANOS ? RD_TEXT : RD_NOTYPE;
	case ARROW_FIXED_BINARY:
		return f->bits >= 1 && f->bits <= RD_TEXT_MAX / 4 ? RD_TEXT : RD_NOTYPE;
	case ARROW_NULL:
	case ARROW_UTF8:
	case ARROW_BINARY:
	case ARROW_LARGE_UTF8:
	case ARROW_LARGE_BINARY:
	case ARROW_UTF8_VIEW:
	case ARROW_BINARY_VIEW:
		return RD_TEXT;
	}
	return RD_NOTYPE;
}

static struct rd_coltype type_of(const struct arrow_field *f)
{
	struct rd_coltype type = { .type = (uint8_t)plain_type(f),
				   .nullable = f->nullable || f->type == ARROW_NULL };

	if (f->has_dictionary && !int_bits(f->index_bits))
		type.type = RD_NOTYPE;
	if (type.type == RD_DECIMAL) {
		bool is_int = f->type == ARROW_INT;

		type.precision = (uint8_t)(is_int ? 20 : f->precision);
		type.scale = (uint8_t)(is_int ? 0 : f->scale);
	}
	return type;
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool no_type(const struct arrow_reader *r, const struct arrow_field *f, struct rd_err *err)
{
	if (f->type == ARROW_DECIMAL)
		return rd_fail(
			err, RD_FAULT_REFUSED, "table.arrow.type",
			"%s: column %.*s: a decimal of %u bits, %d digits, %d of them behind "
			"the point: at most 38 are read, and none before or behind them",
			r->name, RD_FMT(f->name), f->bits, f->precision, f->scale);
	return rd_fail(err, RD_FAULT_REFUSED, "table.arrow.type",
		       "%s: column %.*s: Arrow's type %s (number %d, %u bits, unit %u) is not read",
		       r->name, RD_FMT(f->name), type_name(f->type), (int)f->type, f->bits,
		       f->unit);
}

static bool read_field(struct arrow_reader *r, struct flat *f, const struct flat_table *field,
		       struct arrow_field *to, struct rd_column *column, struct rd_err *err)
{
	to->name = flat_string(f, field, 0);
	to->nullable = flat_scalar(f, field, 1, 1, 0) != 0;
	read_type(f, field, to);
	if (f->bad || to->name.len == 0 || to->name.len > RD_COLUMN_NAME_MAX ||
	    !rd_utf8_valid(to->name))
		return arrow_bad(r, "a column whose name has not 1 to 255 bytes of UTF-8", err);
	column->type = type_of(to);
	if (column->type.type == RD_NOTYPE)
		return no_type(r, to, err);
	if (to->type == ARROW_FIXED_BINARY)
		to->bits *= 8;
	to->is_uuid = to->is_uuid && to->type == ARROW_FIXED_BINARY && to->bits == 128;
	return true;
}

static bool usable(const struct arrow_reader *r, const struct flat *f, uint32_t n,
		   struct rd_err *err)
{
	if (f->bad)
		return arrow_bad(r, "a schema that is broken", err);
	if (n == 0 || n > RD_COLUMNS_MAX)
		return arrow_bad(
			r, n ? "a schema of more than 4096 columns" : "a schema without columns",
			err);
	return true;
}

static bool same_values(const struct arrow_field *a, const struct arrow_field *b)
{
	return a->type == b->type && a->is_signed == b->is_signed && a->is_uuid == b->is_uuid &&
	       a->bits == b->bits && a->unit == b->unit && a->precision == b->precision &&
	       a->scale == b->scale;
}

/* Names differ; those who share a dictionary agree on its type. */
static bool check_others(const struct arrow_reader *r, uint32_t i, struct rd_err *err)
{
	const struct arrow_field *f = &r->field[i];

	for (uint32_t k = 0; k < i; k++) {
		const struct arrow_field *other = &r->field[k];

		if (rd_view_eq(other->name, f->name))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.arrow.form",
				       "%s: columns %u and %u are both called %.*s", r->name, k + 1,
				       i + 1, RD_FMT(f->name));
		if (f->has_dictionary && other->has_dictionary &&
		    f->dictionary == other->dictionary && !same_values(f, other))
			return arrow_bad(r, "two columns of one dictionary differ in its type",
					 err);
	}
	return true;
}

bool arrow_read_schema(struct arrow_reader *r, struct flat *f, const struct flat_table *schema,
		       struct rd_arena *arena, struct rd_schema *out, struct rd_err *err)
{
	uint32_t n;
	struct rd_view fields = flat_vector(f, schema, 1, 4, &n);
	struct rd_column *column;

	r->big_endian = flat_scalar(f, schema, 0, 2, 0) != 0;
	if (!usable(r, f, n, err))
		return false;
	r->field = calloc(n, sizeof(*r->field));
	column = RD_NEW_ARRAY(arena, struct rd_column, n, err);
	if (!r->field || !column)
		return column ? rd_fail_errno(err, "base.memory", "fields") : false;
	r->n_fields = n;
	for (uint32_t i = 0; i < n; i++) {
		struct flat_table field = flat_element(f, fields, i);

		if (!read_field(r, f, &field, &r->field[i], &column[i], err) ||
		    !rd_arena_copy(arena, r->field[i].name, &column[i].name, err))
			return false;
		r->field[i].name = column[i].name;
		if (!check_others(r, i, err))
			return false;
	}
	*out = (struct rd_schema){ .n = n, .column = column };
	return true;
}
