/* Parquet's types and ours. */
#include "parquet_int.h"

static struct rd_coltype plain_type(enum rd_type type)
{
	return (struct rd_coltype){ .type = (uint8_t)type };
}

static struct rd_coltype integer_type(const struct pq_leaf *leaf)
{
	if (leaf->is_signed || leaf->bits < 32)
		return plain_type(leaf->bits <= 32 ? RD_INT32 : RD_INT64);
	if (leaf->bits == 32)
		return plain_type(RD_INT64);
	return (struct rd_coltype){ .type = RD_DECIMAL, .precision = 20 };
}

static bool decimal_fits(const struct pq_leaf *leaf)
{
	uint8_t most = leaf->type == PQ_INT32 ? 9 : leaf->type == PQ_INT64 ? 18 : 38;

	return leaf->precision >= 1 && leaf->precision <= most && leaf->scale <= leaf->precision &&
	       (leaf->type == PQ_INT32 || leaf->type == PQ_INT64 ||
		(leaf->type == PQ_FIXED && leaf->type_length >= 1 && leaf->type_length <= 16));
}

/* The logical types that go with 32 and 64 bits; RD_NOTYPE: none of them. */
static struct rd_coltype int_type(const struct pq_leaf *leaf)
{
	bool wide = leaf->type == PQ_INT64;

	switch (leaf->logical) {
	case PQ_NO_LOGICAL:
		return plain_type(wide ? RD_INT64 : RD_INT32);
	case PQ_INTEGER:
		if ((leaf->bits == 64) == wide &&
		    (leaf->bits == 8 || leaf->bits == 16 || leaf->bits == 32 || leaf->bits == 64))
			return integer_type(leaf);
		return plain_type(RD_NOTYPE);
	case PQ_DATE:
		return plain_type(wide ? RD_NOTYPE : RD_DATE);
	case PQ_TIMESTAMP:
		return plain_type(wide && leaf->unit ? RD_TIMESTAMP : RD_NOTYPE);
	case PQ_ALWAYS_NULL:
	case PQ_OTHER_LOGICAL: /* one that is not known here is read as what it is stored as */
		return plain_type(wide ? RD_INT64 : RD_INT32);
	default:
		return plain_type(RD_NOTYPE);
	}
}

static bool is_geometry(const struct pq_leaf *leaf)
{
	return leaf->logical == PQ_GEOMETRY || leaf->logical == PQ_GEOGRAPHY;
}

static bool is_bytes(const struct pq_leaf *leaf)
{
	bool text = leaf->type == PQ_BYTE_ARRAY &&
		    (leaf->logical == PQ_STRING || leaf->logical == PQ_ENUM ||
		     leaf->logical == PQ_JSON);

	return (leaf->type == PQ_BYTE_ARRAY || leaf->type == PQ_FIXED) && !text &&
	       !is_geometry(leaf);
}

enum pq_recode pq_leaf_recode(const struct pq_leaf *stored, struct pq_leaf *out)
{
	enum pq_recode how = PQ_AS_IS;

	*out = *stored;
	if (stored->type == PQ_INT96)
		how = PQ_INT96_TO_MICROS;
	else if (stored->logical == PQ_DECIMAL)
		how = stored->type == PQ_BYTE_ARRAY ||
				      (stored->type == PQ_FIXED && stored->type_length > 16)
			      ? PQ_DECIMAL_TO_FIXED
			      : PQ_AS_IS;
	else if (stored->logical == PQ_TIME && stored->unit &&
		 stored->type == (stored->unit == PQ_MILLIS ? PQ_INT32 : PQ_INT64))
		how = PQ_TIME_TO_TEXT;
	else if (stored->logical == PQ_UUID && stored->type == PQ_FIXED &&
		 stored->type_length == 16)
		how = PQ_UUID_TO_TEXT;
	else if (stored->logical == PQ_INTERVAL && stored->type == PQ_FIXED &&
		 stored->type_length == 12)
		how = PQ_INTERVAL_TO_TEXT;
	else if (stored->logical == PQ_FLOAT16 && stored->type == PQ_FIXED &&
		 stored->type_length == 2)
		how = PQ_HALF_TO_DOUBLE;
	else if (is_bytes(stored))
		how = PQ_BYTES_TO_TEXT;
	switch (how) {
	case PQ_AS_IS:
		break;
	case PQ_INT96_TO_MICROS:
		out->type = PQ_INT64;
		out->logical = PQ_TIMESTAMP;
		out->unit = PQ_MICROS;
		break;
	case PQ_DECIMAL_TO_FIXED:
		out->type = PQ_FIXED;
		out->type_length = 16;
		break;
	case PQ_HALF_TO_DOUBLE:
		out->type = PQ_DOUBLE;
		out->logical = PQ_NO_LOGICAL;
		break;
	default:
		out->type = PQ_BYTE_ARRAY;
		out->logical = PQ_STRING;
	}
	return how;
}

struct rd_coltype pq_leaf_type(const struct pq_leaf *leaf, const char **why)
{
	struct rd_coltype type = { .type = RD_NOTYPE };

	*why = "a combination of types that is not read";
	if (leaf->nested) {
		*why = "it is nested, a list, map or struct; only flat columns are read";
		return type;
	}
	if (is_geometry(leaf)) {
		*why = "it has geometries, which are not read";
		return type;
	}
	if (leaf->logical == PQ_ALWAYS_NULL && leaf->repetition != PQ_OPTIONAL) {
		*why = "its values are always NULL, and yet it is stored as one without NULLs";
		return type;
	}
	if (leaf->logical == PQ_DECIMAL) {
		if (decimal_fits(leaf))
			type = (struct rd_coltype){ .type = RD_DECIMAL,
						    .precision = leaf->precision,
						    .scale = leaf->scale };
	} else if (leaf->type == PQ_INT32 || leaf->type == PQ_INT64) {
		type = int_type(leaf);
	} else if (leaf->type == PQ_BYTE_ARRAY) {
		type = plain_type(RD_TEXT);
	} else if (leaf->logical == PQ_NO_LOGICAL || leaf->logical == PQ_ALWAYS_NULL ||
		   leaf->logical == PQ_OTHER_LOGICAL) {
		type = plain_type(leaf->type == PQ_BOOLEAN                            ? RD_BOOL
				  : leaf->type == PQ_DOUBLE || leaf->type == PQ_FLOAT ? RD_DOUBLE
										      : RD_NOTYPE);
	}
	type.nullable = leaf->repetition == PQ_OPTIONAL;
	return type;
}

struct pq_leaf pq_leaf_of(const struct rd_column *column)
{
	static const struct {
		uint8_t type, logical;
	} map[] = {
		[RD_BOOL] = { PQ_BOOLEAN, PQ_NO_LOGICAL },
		[RD_INT32] = { PQ_INT32, PQ_NO_LOGICAL },
		[RD_INT64] = { PQ_INT64, PQ_NO_LOGICAL },
		[RD_DOUBLE] = { PQ_DOUBLE, PQ_NO_LOGICAL },
		[RD_DATE] = { PQ_INT32, PQ_DATE },
		[RD_TIMESTAMP] = { PQ_INT64, PQ_TIMESTAMP },
		[RD_TEXT] = { PQ_BYTE_ARRAY, PQ_STRING },
	};
	struct rd_coltype type = column->type;
	struct pq_leaf leaf = { .name = column->name,
				.repetition = type.nullable ? PQ_OPTIONAL : PQ_REQUIRED,
				.unit = PQ_MICROS };

	if (type.type == RD_DECIMAL) {
		leaf.type = type.precision <= 9    ? PQ_INT32
			    : type.precision <= 18 ? PQ_INT64
						   : PQ_FIXED;
		leaf.type_length = 16;
		leaf.logical = PQ_DECIMAL;
		leaf.precision = type.precision;
		leaf.scale = type.scale;
		return leaf;
	}
	leaf.type = (enum pq_type)map[type.type].type;
	leaf.logical = (enum pq_logical)map[type.type].logical;
	return leaf;
}
