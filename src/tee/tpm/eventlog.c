/* TCG event logs: little-endian, of the old form (SHA-1) and of the crypto-agile one. */
#include "tpm.h"

#include <string.h>

#define EV_NO_ACTION 3u
#define DATA_MAX (4u * 1024 * 1024)
#define SPEC_ID "Spec ID Event03"
#define STARTUP_LOCALITY "StartupLocality"

struct parse {
	struct rd_view in;
	size_t at;
	size_t end; /* what is behind it is padding, if an event ends there or later */
	bool bad;
	uint16_t digest_len[RD_TPM_LOG_BANKS_MAX];
};

static bool malformed(const struct parse *p, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.tpm.log", "event log, byte %zu: %s", p->at,
		       what);
}

static struct rd_view take(struct parse *p, size_t len)
{
	struct rd_view out = { 0 };

	if (p->bad || !rd_view_sub(p->in, p->at, len, &out)) {
		p->bad = true;
		return out;
	}
	p->at += len;
	return out;
}

static uint32_t u32(struct parse *p)
{
	struct rd_view v = take(p, 4);

	return v.len ? rd_load_le32(v.data) : 0;
}

static uint16_t u16(struct parse *p)
{
	struct rd_view v = take(p, 2);

	return v.len ? (uint16_t)(v.data[0] | v.data[1] << 8) : 0;
}

static struct rd_view data(struct parse *p)
{
	uint32_t len = u32(p);

	p->bad = p->bad || len > DATA_MAX;
	return take(p, len);
}

/* TCG_EfiSpecIdEvent: which banks the log has, and how long their digests are. */
static bool read_spec_id(struct parse *p, struct rd_view event, struct rd_tpm_log *log)
{
	struct parse e = { .in = event, .at = 24 }; /* signature, platform class, versions, size */
	uint32_t n = u32(&e);

	if (e.bad || n == 0 || n > RD_TPM_LOG_BANKS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		enum rd_hash hash;

		log->bank[i] = u16(&e);
		p->digest_len[i] = u16(&e);
		if (e.bad || p->digest_len[i] == 0 || p->digest_len[i] > RD_TPM_DIGEST_MAX)
			return false;
		if (rd_tpm_hash(log->bank[i], &hash) && rd_hash_len(hash) != p->digest_len[i])
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (log->bank[k] == log->bank[i])
				return false;
	}
	log->n_banks = n;
	return true;
}

/* TCG_PCClientPCREvent: one SHA-1 digest. */
static void read_old(struct parse *p, struct rd_tpm_event *e)
{
	e->pcr = u32(p);
	e->type = u32(p);
	e->digest[0] = take(p, RD_SHA1_LEN);
	e->data = data(p);
}

/* TCG_PCR_EVENT2: a digest for each bank, in any order. */
static void read_agile(struct parse *p, const struct rd_tpm_log *log, struct rd_tpm_event *e)
{
	uint32_t n;

	e->pcr = u32(p);
	e->type = u32(p);
	n = u32(p);
	p->bad = p->bad || n > log->n_banks;
	for (uint32_t i = 0; i < n && !p->bad; i++) {
		uint16_t alg = u16(p);
		uint32_t bank = 0;

		while (bank < log->n_banks && log->bank[bank] != alg)
			bank++;
		if (bank == log->n_banks || e->digest[bank].data) {
			p->bad = true;
			return;
		}
		e->digest[bank] = take(p, p->digest_len[bank]);
	}
	e->data = data(p);
}

/* Where zeros, or the ones that ACPI areas are filled with, begin and go on to the end. */
static size_t padding_of(struct rd_view in)
{
	size_t end = in.len;
	uint8_t fill = in.data[end - 1];

	while (end && (fill == 0 || fill == 0xFF) && in.data[end - 1] == fill)
		end--;
	return end;
}

static bool read_first(struct parse *p, struct rd_tpm_log *log, bool *agile, struct rd_err *err)
{
	struct rd_tpm_event *e = &log->event[0];

	read_old(p, e);
	if (p->bad)
		return malformed(p, "ends inside its first event", err);
	log->n = 1;
	log->n_banks = 1;
	log->bank[0] = RD_TPM_SHA1;
	*agile = e->type == EV_NO_ACTION && e->data.len >= 28 &&
		 memcmp(e->data.data, SPEC_ID, sizeof(SPEC_ID)) == 0;
	return !*agile || read_spec_id(p, e->data, log) ||
	       malformed(p, "its list of banks is broken", err);
}

bool rd_tpm_log_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_log *out,
		      struct rd_err *err)
{
	struct parse p = { .in = bytes };
	/* An event has at least 16 bytes. */
	size_t room = bytes.len / 16 + 1;
	bool agile = false, measures = false;

	*out = (struct rd_tpm_log){ 0 };
	if (bytes.len == 0 || bytes.len > RD_TPM_LOG_MAX)
		return malformed(&p, "empty, or of more than 16 MiB", err);
	room = room < RD_TPM_EVENTS_MAX ? room : RD_TPM_EVENTS_MAX;
	p.end = padding_of(bytes);
	out->event = RD_NEW_ARRAY(arena, struct rd_tpm_event, room, err);
	if (!out->event || !read_first(&p, out, &agile, err))
		return false;
	while (p.at < bytes.len && p.at < p.end) {
		struct rd_tpm_event *e = &out->event[out->n];

		if (out->n == room)
			return malformed(&p, "too many events", err);
		if (agile)
			read_agile(&p, out, e);
		else
			read_old(&p, e);
		if (p.bad)
			return malformed(&p, "an event whose lengths do not fit", err);
		out->n++;
	}
	for (uint32_t i = 0; i < out->n; i++) {
		if (out->event[i].type == EV_NO_ACTION)
			continue;
		if (out->event[i].pcr >= RD_TPM_PCRS)
			return malformed(&p, "an event of a register above 23", err);
		measures = true;
	}
	return measures || malformed(&p, "it measures nothing", err);
}

/* ---- replay ---------------------------------------------------------------------------------- */

uint32_t rd_tpm_log_bank(const struct rd_tpm_log *log, uint16_t hash)
{
	uint32_t bank = 0;

	while (bank < log->n_banks && log->bank[bank] != hash)
		bank++;
	return bank;
}

static bool extend(struct rd_tpm_bank *b, enum rd_hash hash, const struct rd_tpm_event *e,
		   uint32_t bank, struct rd_err *err)
{
	uint8_t digest[RD_TPM_DIGEST_MAX];
	struct rd_view parts[2] = { b->pcr[e->pcr], e->digest[bank] };
	size_t len = rd_hash_len(hash);

	if (parts[1].len != len)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.tpm.log",
			       "event log: an event of register %u lacks a digest of the bank",
			       e->pcr);
	if (!rd_hash_parts(hash, parts, 2, digest, err))
		return false;
	memcpy((uint8_t *)(uintptr_t)b->pcr[e->pcr].data, digest, len);
	b->mask |= 1u << e->pcr;
	return true;
}

bool rd_tpm_log_replay(const struct rd_tpm_log *log, uint32_t bank, struct rd_arena *arena,
		       struct rd_tpm_bank *out, struct rd_err *err)
{
	enum rd_hash hash;
	uint8_t *values;
	size_t len;

	*out = (struct rd_tpm_bank){ 0 };
	if (bank >= log->n_banks || !rd_tpm_hash(log->bank[bank], &hash))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.log.bank",
			       "event log: no bank of that hash, or of one that is not known");
	out->hash = log->bank[bank];
	len = rd_hash_len(hash);
	values = rd_arena_alloc(arena, RD_TPM_PCRS, len, err);
	if (!values)
		return false;
	for (uint32_t i = 0; i < RD_TPM_PCRS; i++) {
		/* Registers of the dynamic root of trust are ones until it is launched. */
		memset(values + i * len, i >= 17 && i <= 22 ? 0xFF : 0, len);
		out->pcr[i] = rd_view_of(values + i * len, len);
	}
	for (uint32_t i = 0; i < log->n; i++) {
		const struct rd_tpm_event *e = &log->event[i];

		if (e->type != EV_NO_ACTION) {
			if (!extend(out, hash, e, bank, err))
				return false;
		} else if (e->pcr == 0 && !(out->mask & 1) &&
			   e->data.len == sizeof(STARTUP_LOCALITY) + 1 &&
			   memcmp(e->data.data, STARTUP_LOCALITY, sizeof(STARTUP_LOCALITY)) == 0) {
			values[len - 1] = e->data.data[sizeof(STARTUP_LOCALITY)];
		}
	}
	return true;
}

/* The bank of SHA-256 if there is one, else the next best; and the registers that the log extends.
 */
bool rd_tpm_log_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
			struct rd_tee_values *out, struct rd_err *err)
{
	struct rd_tpm_bank bank;
	struct rd_tpm_log log;
	struct rd_view name;
	static const uint16_t best[] = { RD_TPM_SHA256, RD_TPM_SHA384, RD_TPM_SHA512, RD_TPM_SHA1 };
	uint32_t at = 0;

	if (!rd_tee_launch_is_file(in, err) || !rd_tpm_log_parse(in->file, arena, &log, err))
		return false;
	while (at + 1 < sizeof(best) / sizeof(best[0]) &&
	       rd_tpm_log_bank(&log, best[at]) == log.n_banks)
		at++;
	if (!rd_tpm_log_replay(&log, rd_tpm_log_bank(&log, best[at]), arena, &bank, err))
		return false;
	for (uint32_t i = 0; i < RD_TPM_PCRS; i++)
		if (bank.mask & 1u << i &&
		    (!rd_arena_printf(arena, &name, err, "pcrs.%u", i) ||
		     !rd_tee_values_add(out, arena, (const char *)name.data, bank.pcr[i], err)))
			return false;
	return true;
}
