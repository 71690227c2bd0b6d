/* Everything of a room that comes as bytes: the room, approvals, receipts, answers; cards and the
 * manifest as text.  The first byte picks the reader. */
#include <redoubt/room.h>

#include "room/receipt_int.h"

#include <redoubt/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool no_file(void *ctx, struct rd_view path, size_t max, struct rd_arena *arena,
		    struct rd_view *out, struct rd_err *err)
{
	(void)ctx;
	(void)path;
	(void)max;
	(void)arena;
	*out = (struct rd_view){ 0 };
	return rd_fail(err, RD_FAULT_FAILED, "os.file.open", "no file");
}

/* A room that was accepted has one form. */
static void try_room(struct rd_view in, struct rd_arena *arena)
{
	struct rd_buf again = { .max = RD_ROOM_MAX };
	struct rd_err err = { 0 };
	struct rd_room room;

	if (rd_room_decode(in, arena, &room, &err)) {
		rd_assert(rd_room_encode(&room, &again, &err));
		rd_assert(rd_view_eq(in, rd_buf_view(&again)));
	}
	rd_buf_free(&again);
}

static void try_text(struct rd_view in, struct rd_arena *arena, bool card)
{
	const struct rd_room_files files = { .read = no_file };
	struct rd_table_card parsed;
	struct rd_err err = { 0 };
	struct rd_room room;

	if (card)
		(void)!rd_table_card_parse(in, "card", arena, &parsed, &err);
	else
		(void)!rd_room_from_yaml(in, "room", &files, arena, &room, &err);
}

static void try_receipt(struct rd_view in, struct rd_arena *arena)
{
	struct rd_view cose, cmw, payload;
	struct rd_receipt receipt;
	struct rd_err err = { 0 };

	if (receipt_split(in, &cose, &cmw, &err) && rd_cose_peek("receipt", cose, &payload, &err))
		(void)!receipt_decode(payload, arena, &receipt, &err);
	(void)!receipt_decode(in, arena, &receipt, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view in = { data + 1, size - 1 };
	struct rd_arena *arena = NULL;
	struct rd_answer answer;
	struct rd_policy policy;
	struct rd_err err = { 0 };

	if (size < 1 || !rd_arena_new((size_t)64 << 20, &arena, &err))
		return 0;
	switch (data[0]) {
	case '0':
		try_room(in, arena);
		break;
	case '1':
		try_receipt(in, arena);
		break;
	case '2':
		(void)!rd_answer_peek(in, &answer, &err);
		break;
	case '3':
		(void)!rd_policy_decode(in, arena, &policy, &err);
		break;
	case '4':
		try_text(in, arena, true);
		break;
	default:
		try_text(in, arena, false);
	}
	rd_arena_free(&arena);
	return 0;
}
