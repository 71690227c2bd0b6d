/* What the files of this module share. */
#ifndef RD_QUERY_INT_H
#define RD_QUERY_INT_H

#include <redoubt/query.h>

#define RD_PLAN_OBJECT 64 /* a plan's integer type among our objects */

/* Sets of types, for the table of ops. */
#define RD_TYPES_OF(type) (1u << (type))
#define RD_TYPES_INT (RD_TYPES_OF(RD_INT32) | RD_TYPES_OF(RD_INT64))
#define RD_TYPES_NUMBER (RD_TYPES_INT | RD_TYPES_OF(RD_DECIMAL) | RD_TYPES_OF(RD_DOUBLE))
#define RD_TYPES_DAY (RD_TYPES_OF(RD_DATE) | RD_TYPES_OF(RD_TIMESTAMP))
#define RD_TYPES_ANY (RD_TYPES_NUMBER | RD_TYPES_DAY | RD_TYPES_OF(RD_BOOL) | RD_TYPES_OF(RD_TEXT))

/* How the type of a result follows from the operands'. */
enum rd_result {
	RD_RESULT_CONST,    /* the constant's */
	RD_RESULT_COLUMN,   /* the column's */
	RD_RESULT_ARITH,    /* ADD, SUB, MUL, DIV, MOD: plan_types.c, arith */
	RD_RESULT_SAME,     /* a's */
	RD_RESULT_ROUND,    /* decimal: `digits` digits behind the point, at least 0; double */
	RD_RESULT_WHOLE,    /* decimal: scale 0; double */
	RD_RESULT_CAST,     /* as wanted */
	RD_RESULT_STAMP,    /* timestamp */
	RD_RESULT_FIELD,    /* decimal, by field */
	RD_RESULT_BOOL,     /* boolean; NULL if an operand is */
	RD_RESULT_COMPARED, /* the same; a and b of one type and scale */
	RD_RESULT_KNOWN,    /* boolean, never NULL */
	RD_RESULT_DISTINCT, /* the same; a and b of one type and scale */
	RD_RESULT_IN,       /* boolean; NULL if a or a constant is */
	RD_RESULT_LIKE,     /* boolean */
	RD_RESULT_CASE,     /* that of the results: one type and scale, the largest precision */
	RD_RESULT_COALESCE, /* the same; NULL if all may be */
	RD_RESULT_LENGTH,   /* int32 */
};

/* One line of the table of ops.  a, b, c: the types an operand may have, 0: unused. */
struct rd_op_rule {
	uint16_t op;
	const char *name;
	const char *infix; /* as printed between a and b, or NULL */
	uint32_t a, b, c;
	bool c_optional;
	enum rd_result result;
};

/* NULL for an unknown op. */
const struct rd_op_rule *rd_op_rule_find(uint16_t op);
/* "sum"; NULL for an unknown number. */
const char *rd_agg_name(uint8_t fn);
/* Equal but for precision and nullability: what comparisons, keys and CASE ask. */
bool rd_coltype_alike(struct rd_coltype a, struct rd_coltype b);
bool rd_coltype_equal(struct rd_coltype a, struct rd_coltype b);
/* May a column or a value of a program have this type?  Intervals only where `constants`. */
bool rd_coltype_sound(struct rd_coltype type, bool constants);
/* Is the constant one of its type: in range, UTF-8, decimals within their precision? */
bool rd_value_sound(const struct rd_value *value);

/*
 * What follows from a node's kind, payload and inputs: how many columns leave it, the type of each,
 * and a bound of the rows.  All indexes must be in range.
 */
uint64_t rd_node_width(const struct rd_plan *plan, const struct rd_node *node);
struct rd_coltype rd_node_column(const struct rd_plan *plan, const struct rd_node *node,
				 uint32_t column);
uint8_t rd_node_bound(const struct rd_plan *plan, const struct rd_node *node, uint64_t *rows);
/* How many inputs a kind has: 0, 1 or 2; 3 for an unknown kind. */
uint32_t rd_node_inputs(uint8_t kind);
const char *rd_node_name(uint8_t kind);
/* Does the join give the left side's columns only? */
bool rd_join_left_only(uint8_t kind);

#endif
