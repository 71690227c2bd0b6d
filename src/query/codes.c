/* Stable codes of this module, for `redoubt explain`. */
#include <redoubt/query.h>

const struct rd_code_text rd_query_codes[] = {
	{ "query.type", "An operation was given operands of types that it does not take.",
	  "Cast the operands, or round decimals that have too many digits." },
	{ "query.plan.form", "The bytes of a plan are not in their form.",
	  "Compile the SQL again with this version." },
	{ "query.plan.version", "A plan is of a version that this program does not know.",
	  "Use the version of Redoubt that the room names." },
	{ "query.plan.check", "A plan contradicts itself: no engine may run it.",
	  "Compile the SQL again; if that does not help, report it with the query." },
	{ "query.plan.limit", "A plan is larger than plans may be.",
	  "Make the query smaller: fewer columns, tables or operations." },
	{ NULL, NULL, NULL },
};
