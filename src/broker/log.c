/* The log: a chain of keyed hashes, with its last link recorded apart. */
#include "broker_int.h"

#include <redoubt/codec.h>

#include <string.h>

#define ENTRY_MAX (256u * 1024) /* bytes of one encoded entry */

static bool link_hash(const struct rd_secret *log_key, const struct rd_log_entry *entry,
		      struct rd_view previous, uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = ENTRY_MAX };

	rd_cbor_put_array(&bytes, 7);
	rd_cbor_put_str(&bytes, "redoubt-log-v1");
	rd_cbor_put_uint(&bytes, entry->number);
	rd_cbor_put_bytes(&bytes, previous);
	rd_cbor_put_int(&bytes, entry->time_unix_s);
	rd_cbor_put_uint(&bytes, entry->kind);
	rd_cbor_put_text(&bytes, entry->text);
	rd_cbor_put_bytes(&bytes, entry->details);
	return rd_buf_ok(&bytes, err) &&
	       rd_hmac(RD_HASH_SHA256, rd_secret_view(log_key), rd_buf_view(&bytes), out, err);
}

/* Cutting off the end would leave a shorter chain that holds: so its length is sealed too. */
static bool head_seal(const struct rd_secret *log_key, uint64_t number, struct rd_view hash,
		      uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = 256 };

	rd_cbor_put_array(&bytes, 3);
	rd_cbor_put_str(&bytes, "redoubt-log-head-v1");
	rd_cbor_put_uint(&bytes, number);
	rd_cbor_put_bytes(&bytes, hash);
	return rd_buf_ok(&bytes, err) &&
	       rd_hmac(RD_HASH_SHA256, rd_secret_view(log_key), rd_buf_view(&bytes), out, err);
}

struct head {
	uint64_t number;
	uint8_t hash[RD_SHA256_LEN];
};

static bool broken(uint64_t number, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "broker.log.chain",
		       "log entry %llu does not fit the chain", (unsigned long long)number);
}

/* No row: an empty log. */
static bool read_head(sqlite3 *db, const struct rd_secret *log_key, struct head *out,
		      struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint8_t seal[RD_SHA256_LEN];
	bool row = false;

	*out = (struct head){ 0 };
	query_open(&q, db, "SELECT number, hash, seal FROM head");
	if (!query_step(&q, &row, err))
		return false;
	if (!row)
		return true;
	out->number = (uint64_t)query_int(&q, 0);
	if (query_view(&q, 1).len != RD_SHA256_LEN)
		return broken(out->number, err);
	memcpy(out->hash, query_view(&q, 1).data, RD_SHA256_LEN);
	if (!head_seal(log_key, out->number, query_view(&q, 1), seal, err))
		return false;
	return rd_equal_secret(rd_view_of(seal, sizeof(seal)), query_view(&q, 2)) ||
	       broken(out->number, err);
}

static bool write_head(sqlite3 *db, const struct rd_secret *log_key, const struct rd_log_entry *e,
		       struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint8_t seal[RD_SHA256_LEN];

	if (!head_seal(log_key, e->number, e->hash, seal, err))
		return false;
	query_open(&q, db, "INSERT OR REPLACE INTO head VALUES(1,?,?,?)");
	query_bind_int(&q, (int64_t)e->number);
	query_bind_blob(&q, e->hash);
	query_bind_blob(&q, rd_view_of(seal, sizeof(seal)));
	return query_run(&q, err);
}

bool log_append(sqlite3 *db, const struct rd_secret *log_key, int64_t now_unix_s,
		const struct log_new *entry, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint8_t hash[RD_SHA256_LEN];
	struct head head;

	if (!read_head(db, log_key, &head, err))
		return false;
	if ((head.number == 0) != (entry->kind == RD_LOG_INIT))
		return broken(head.number + 1, err);
	struct rd_log_entry e = { .number = head.number + 1,
				  .time_unix_s = now_unix_s,
				  .kind = entry->kind,
				  .text = entry->text,
				  .details = entry->details,
				  .hash = rd_view_of(hash, sizeof(hash)) };

	if (!link_hash(log_key, &e, rd_view_of(head.hash, sizeof(head.hash)), hash, err))
		return false;
	query_open(&q, db, "INSERT INTO log VALUES(?,?,?,?,?,?)");
	query_bind_int(&q, (int64_t)e.number);
	query_bind_int(&q, e.time_unix_s);
	query_bind_int(&q, e.kind);
	query_bind_text(&q, e.text);
	query_bind_blob(&q, e.details);
	query_bind_blob(&q, e.hash);
	return query_run(&q, err) && write_head(db, log_key, &e, err);
}

/* The row as it is stored; its hash is compared by the caller. */
static struct rd_log_entry row_entry(struct query *q)
{
	return (struct rd_log_entry){ .number = (uint64_t)query_int(q, 0),
				      .time_unix_s = query_int(q, 1),
				      .kind = (enum rd_log_kind)query_int(q, 2),
				      .text = query_view(q, 3),
				      .details = query_view(q, 4),
				      .hash = query_view(q, 5) };
}

bool rd_broker_log(struct rd_broker *broker, uint64_t from,
		   bool (*each)(void *ctx, const struct rd_log_entry *entry, struct rd_err *err),
		   void *ctx, struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	RD_AUTO(query_close) struct query q = { 0 };
	uint8_t previous[RD_SHA256_LEN] = { 0 }, hash[RD_SHA256_LEN];
	const struct rd_secret *log_key = &broker->secrets->log_key;
	uint64_t number = 0;
	struct head head;
	bool row = false;

	if (!transaction_begin(&t, broker, err) || !read_head(broker->db, log_key, &head, err))
		return false;
	query_open(&q, broker->db,
		   "SELECT number, time, kind, text, details, hash FROM log ORDER BY number");
	for (;;) {
		struct rd_log_entry e;

		if (!query_step(&q, &row, err))
			return false;
		if (!row)
			break;
		e = row_entry(&q);
		if (!link_hash(log_key, &e, rd_view_of(previous, sizeof(previous)), hash, err))
			return false;
		if (e.number != ++number ||
		    !rd_equal_secret(rd_view_of(hash, sizeof(hash)), e.hash))
			return broken(number, err);
		memcpy(previous, hash, sizeof(previous));
		if (e.number >= from && !each(ctx, &e, err))
			return false;
	}
	/* Every store begins with an entry: an empty log was emptied. */
	if (number == 0 || number != head.number ||
	    memcmp(previous, head.hash, sizeof(previous)) != 0)
		return broken(number + 1, err);
	return true;
}
