/* Taking a receipt apart, before it is believed. */
#ifndef RD_ROOM_RECEIPT_INT_H
#define RD_ROOM_RECEIPT_INT_H

#include <redoubt/room.h>

bool receipt_split(struct rd_view bytes, struct rd_view *cose, struct rd_view *cmw,
		   struct rd_err *err);
bool receipt_decode(struct rd_view payload, struct rd_arena *arena, struct rd_receipt *out,
		    struct rd_err *err);

#endif
