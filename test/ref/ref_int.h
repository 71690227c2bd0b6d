/* What the files of the reference interpreter share. */
#ifndef RD_TEST_REF_INT_H
#define RD_TEST_REF_INT_H

#include "ref.h"

/* ---- integers of any size that matters here ---------------------------------------------- */

/* The exact sum of squares of 2^64 doubles needs 4,400 bits. */
#define BIG_LIMBS 180

struct big {
	bool neg;   /* never of zero */
	uint32_t n; /* limbs in use, the last not zero */
	uint32_t limb[BIG_LIMBS];
};

struct big big_of(rd_int128 value);
struct big big_pow10(uint32_t exponent);
struct big big_add(const struct big *a, const struct big *b);
struct big big_sub(const struct big *a, const struct big *b);
struct big big_mul(const struct big *a, const struct big *b);
struct big big_shift_left(const struct big *a, uint32_t bits);
/* a / b truncated toward zero, and what is left (which has a's sign). */
struct big big_div(const struct big *a, const struct big *b, struct big *rest);
/* a / b, half away from zero. */
struct big big_div_round(const struct big *a, const struct big *b);
int big_compare(const struct big *a, const struct big *b);
/* False if it does not fit. */
bool big_to_int128(const struct big *a, rd_int128 *out);
/* a / b * 2^exponent, rounded once to the nearest double, ties to even; may be infinite. */
double big_ratio(const struct big *a, const struct big *b, int exponent);
/* The integer value * 2^1074 of a finite double. */
struct big big_of_double(double value);

/* ---- values and rows --------------------------------------------------------------------- */

struct ref_val {
	struct rd_value v;
	bool poison; /* unspecified: its mask was not true */
	bool marked; /* withheld by a guard, or NULL because of one */
};

/* Rows by pointer: operators that only choose or order rows share them. */
struct ref_rel {
	uint32_t n_cols;
	uint64_t n_rows, cap;
	struct ref_val **row;
};

struct ref_run {
	const struct rd_plan *plan;
	const struct rd_rows *table;
	struct rd_arena *arena;
	struct rd_err *err;
	struct ref_rel *rel; /* one a node */
	bool failed;         /* a data error: all functions then return false */
	uint32_t failed_at;
	uint64_t withheld_groups, withheld_cells;
};

/* A data error; returns false. */
bool ref_fail(struct ref_run *run, uint32_t position);
RD_MUST_USE bool ref_push(struct ref_run *run, struct ref_rel *rel, struct ref_val *row);
/* A row of n empty cells. */
struct ref_val *ref_row(struct ref_run *run, uint32_t n);
/* The one form of values that are equal: 0 for -0, one NaN. */
struct ref_val ref_canonical(struct ref_val v);
/* As rd_ref_compare, of whole rows of n columns. */
int ref_rows_compare(struct ref_val *const *a, struct ref_val *const *b, uint32_t n);

/* Evaluates a program for one input row; out has prog->n_out cells.  Left and right halves of a
 * join's row: `row` and `more`, which may be NULL. */
struct ref_input {
	struct ref_val *row, *more;
	uint32_t n_row;
};
RD_MUST_USE bool ref_eval(struct ref_run *run, const struct rd_prog *prog,
			  const struct ref_input *in, struct ref_val *out);
/* The one boolean of a condition: true and not NULL. */
RD_MUST_USE bool ref_condition(struct ref_run *run, const struct rd_prog *prog,
			       const struct ref_input *in, bool *out);

/*
 * One op over values that are not NULL and not poison.  `out` has the result's type; false: a data
 * error.
 */
bool ref_arith(uint16_t op, const struct rd_value *a, const struct rd_value *b,
	       struct rd_value *out);
bool ref_round(const struct rd_instr *in, const struct rd_value *a, struct rd_value *out);
bool ref_cast(struct ref_run *run, const struct rd_value *a, struct rd_value *out);
bool ref_date_add(const struct rd_value *a, const struct rd_value *interval, struct rd_value *out);
void ref_extract(int32_t field, const struct rd_value *a, struct rd_value *out);
bool ref_text(struct ref_run *run, uint16_t op, const struct rd_value *const arg[3],
	      struct rd_value *out);
bool ref_like(const struct rd_instr *in, struct rd_view text);
/* Puts an unscaled decimal into out: an error if it has too many digits. */
bool ref_decimal(const struct big *unscaled, struct rd_value *out);

/* ---- nodes with a file of their own ------------------------------------------------------ */

RD_MUST_USE bool ref_join(struct ref_run *run, const struct rd_node *node, struct ref_rel *out);
RD_MUST_USE bool ref_aggregate(struct ref_run *run, const struct rd_node *node,
			       struct ref_rel *out);

#endif
