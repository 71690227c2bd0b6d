/* Stable codes of this module, for `redoubt explain`. */
#include <redoubt/table.h>

const struct rd_code_text rd_table_codes[] = {
	{ "table.type.name", "A type's name is not known.",
	  "Use boolean, int32, int64, decimal(p,s), double, date, timestamp or text." },
	{ "table.type.form", "A type is not written as it must be.",
	  "Write decimal(15,2) for decimals, and the bare name for other types." },
	{ "table.value.type", "This type has no text or stored form.",
	  "Intervals are constants only: no column can hold one." },
	{ "table.value.form", "A text is not a value of the type that was asked for.",
	  "Correct the text, or give the column another type with --schema." },
	{ "table.value.range", "A value does not fit its type exactly.",
	  "Give the column a wider type with --schema: nothing is rounded silently." },
	{ "table.value.utf8", "A text is not UTF-8.", "Convert the input to UTF-8 first." },
	{ "table.rows.size", "An answer is larger than an answer may be.",
	  "Aggregate more, or ask for fewer rows." },
	{ "table.rows.form", "The rows of an answer are not in their form.",
	  "The answer was changed or made by another version." },
	{ NULL, NULL, NULL },
};
