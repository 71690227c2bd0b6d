/*
 * The table of certificates that a host hands to its guest in an extended guest request ("SEV-ES
 * Guest-Hypervisor Communication Block Standardization", AMD 56421, SNP Extended Guest Request),
 * which Linux gives as `auxblob` beside the report: entries of a GUID, an offset and a length; one
 * of zeros ends them.  What an entry is, its bytes say.
 */
#include "snp.h"

#define ENTRY_LEN 24u
#define ENTRIES_MAX 16u

/* The entry's place; false: the table ends here, or is none. */
static bool read_entry(struct rd_view table, uint32_t i, struct rd_view *out)
{
	struct rd_view entry;

	return rd_view_sub(table, (size_t)i * ENTRY_LEN, ENTRY_LEN, &entry) &&
	       rd_view_sub(table, rd_load_le32(entry.data + 16), rd_load_le32(entry.data + 20),
			   out) &&
	       out->len > 0;
}

static bool ends(struct rd_view table, uint32_t i)
{
	struct rd_view entry;

	return rd_view_sub(table, (size_t)i * ENTRY_LEN, ENTRY_LEN, &entry) &&
	       (rd_load_le64(entry.data) | rd_load_le64(entry.data + 8) |
		rd_load_le64(entry.data + 16)) == 0;
}

/* Hosts pad: a certificate ends where its DER does. */
static struct rd_view trimmed(struct rd_view bytes)
{
	struct rd_view rest = bytes, content;
	struct rd_err unused = { 0 };

	return rd_der_expect(&rest, RD_DER_SEQUENCE, &content, &unused)
		       ? rd_view_of(bytes.data, bytes.len - rest.len)
		       : bytes;
}

/* All entries; none unless the table has its end. */
static uint32_t read_table(struct rd_view table, struct rd_view entries[ENTRIES_MAX])
{
	struct rd_view entry;
	uint32_t n = 0;

	while (n < ENTRIES_MAX && read_entry(table, n, &entry))
		entries[n++] = trimmed(entry);
	return ends(table, n) ? n : 0;
}

void rd_snp_pool_fill(struct rd_tee_work *w, struct rd_tee_pool *pool)
{
	struct rd_view entries[ENTRIES_MAX];

	for (uint32_t i = 0; i < w->in->n_collateral; i++) {
		uint32_t n = read_table(w->in->collateral[i].bytes, entries);

		for (uint32_t k = 0; k < n; k++)
			rd_tee_pool_add(w, pool, entries[k]);
	}
}
