/* Stable codes of this module, for `redoubt explain`. */
#include <redoubt/base.h>

const struct rd_code_text rd_base_codes[] = {
	{ "base.memory", "The system gave no more memory.",
	  "Close other programs or run on a machine with more memory." },
	{ "base.memory.limit",
	  "The work needs more memory than the limit stated for it; nothing was lost.",
	  "Raise the limit if the command has an option for it, or give smaller input." },
	{ "base.buffer.limit", "An output grew past the largest size that its format allows.",
	  "Give smaller input." },
	{ "base.secret.length", "A key is longer than any key that is in use.",
	  "Check that the right file was given as the key." },
	{ "base.number.form", "A whole number was expected and something else was found.",
	  "Write the number in decimal digits, with a minus sign if it is negative." },
	{ "base.number.range", "A number is outside the range that is allowed at this place.",
	  "Use a number inside the range that the error names." },
	{ "base.hex", "Hexadecimal text has a wrong digit or an odd number of digits.",
	  "Copy the whole value again: two digits from 0-9, a-f a byte, no separators." },
	{ NULL, NULL, NULL },
};
