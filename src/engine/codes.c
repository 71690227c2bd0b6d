/* Stable codes of this module, for `redoubt explain`. */
#include <redoubt/engine.h>

const struct rd_code_text rd_engine_codes[] = {
	{ "engine.data",
	  "A value of the data made the query fail: an overflow, a division by zero, a cast that "
	  "does not fit, or a scalar subquery with more than one row.",
	  "The position in the SQL text says which operation; guard it with CASE or NULLIF." },
	{ "engine.memory", "The query needs more working memory than it may use.",
	  "Allow it more memory, or make its groups or the smaller side of its joins smaller." },
	{ "engine.unsupported", "This engine cannot run a part of the plan.",
	  "Write the query without it." },
	{ "engine.thread", "A thread of the engine could not be started.",
	  "Ask for fewer threads." },
	{ NULL, NULL, NULL },
};
