/* Is an opened answer true?  After its receipt was. */
#include "room_int.h"

static bool refuse(const char *code, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "%s", what);
}

bool rd_answer_check(const struct rd_answer *answer, struct rd_view room_bytes,
		     const struct rd_room *room, struct rd_arena *arena,
		     struct rd_answer_checked *out, struct rd_err *err)
{
	struct rd_receipt_checked *receipt = &out->receipt;
	struct rd_rows *rows = &out->rows;
	struct rd_view parts[2] = { answer->salt, answer->rows };
	uint8_t room_hash[RD_SHA256_LEN], hash[RD_SHA256_LEN];

	if (!rd_room_hash(room_bytes, room_hash, err))
		return false;
	if (!rd_view_eq(answer->room_hash, rd_view_of(room_hash, sizeof(room_hash))))
		return refuse("room.answer.room", "the answer is of another room", err);
	if (!rd_receipt_check(answer->receipt, room_bytes, room, arena, receipt, err))
		return false;
	if (!receipt->receipt.inner || !rd_view_eq(receipt->receipt.query, answer->query))
		return refuse("room.answer.receipt", "the receipt inside is not this answer's",
			      err);
	if (!rd_hash_parts(RD_HASH_SHA256, parts, 2, hash, err))
		return false;
	if (!rd_view_eq(receipt->receipt.answer_hash, rd_view_of(hash, sizeof(hash))))
		return refuse("room.answer.receipt", "the receipt inside is for other rows", err);
	if (!rd_rows_decode(answer->rows, arena, rows, err))
		return false;
	if (rows->withheld_groups != receipt->receipt.withheld_groups ||
	    rows->withheld_cells != receipt->receipt.withheld_cells)
		return refuse("room.answer.receipt",
			      "answer and receipt count different things withheld", err);
	return true;
}
