/* Evidence, collateral and policies from files. */
#include "evidence.h"

#include <redoubt/os.h>
#include <redoubt/rats.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)8 << 20)
#define POLICY_MAX ((size_t)1 << 20)
#define NS_PER_S 1000000000

bool cmd_evidence_option(int option, const char *value, struct cmd_evidence_args *args)
{
	switch (option) {
	case 't':
		args->type = value;
		return true;
	case 'c':
		if (args->n_collateral == CMD_COLLATERAL_MAX)
			return false;
		args->collateral[args->n_collateral++] = value;
		return true;
	case 'a':
		args->at = value;
		return true;
	case 'n':
		args->nonce = value;
		return true;
	case 'p':
		args->policy = value;
		return true;
	default:
		return false;
	}
}

const struct rd_tee *cmd_evidence_type(struct rd_view name, struct rd_err *err)
{
	static const struct rd_tee *const *const lists[] = { rd_tees, rd_rats_kinds };
	char names[256] = "";
	size_t at = 0;

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; lists[l][i]; i++) {
			int n;

			if (rd_view_eq(name, rd_view_str(lists[l][i]->name)))
				return lists[l][i];
			n = snprintf(names + at, sizeof(names) - at, "%s, ", lists[l][i]->name);
			at += n > 0 && at + (size_t)n < sizeof(names) ? (size_t)n : 0;
		}
	rd_fail(err, RD_FAULT_USAGE, "tee.type", "--type '%.*s': expected one of %sreceipt",
		RD_FMT(name), names);
	return NULL;
}

static bool read_file(const char *path, size_t max, struct rd_arena *arena, struct rd_view *out,
		      struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = max };

	return rd_os_file_read(path, max, &bytes, err) &&
	       rd_arena_copy(arena, rd_buf_view(&bytes), out, err);
}

/* ---- policy ---------------------------------------------------------------------------------- */

/* A file beside the policy, or of an absolute name. */
static bool read_beside(const char *policy_path, struct rd_view name, struct rd_arena *arena,
			struct rd_view *out, struct rd_err *err)
{
	const char *slash = strrchr(policy_path, '/');
	int folder = slash && name.data[0] != '/' ? (int)(slash - policy_path) + 1 : 0;
	struct rd_view path;

	return rd_arena_printf(arena, &path, err, "%.*s%.*s", folder, policy_path, RD_FMT(name)) &&
	       read_file((const char *)path.data, FILE_MAX, arena, out, err);
}

static bool read_anchors(const char *policy_path, struct rd_evidence_policy *p,
			 struct rd_arena *arena, struct rd_err *err)
{
	struct rd_cert *certs =
		RD_NEW_ARRAY(arena, struct rd_cert, RD_EVIDENCE_POLICY_ANCHORS_MAX, err);

	if (!certs)
		return false;
	for (uint32_t i = 0; i < p->n_anchor_files; i++) {
		struct rd_view name = p->anchor_file[i], text;
		uint32_t n = 0;

		if (!read_beside(policy_path, name, arena, &text, err))
			return false;
		if (!rd_certs_read(text, arena, certs + p->n_anchors,
				   RD_EVIDENCE_POLICY_ANCHORS_MAX - p->n_anchors, &n, err))
			return rd_wrap(err, "%.*s", RD_FMT(name));
		if (n == 0)
			return rd_fail(err, RD_FAULT_MALFORMED, "crypto.cert.form",
				       "%.*s: no certificate in it", RD_FMT(name));
		p->n_anchors += n;
	}
	p->anchor = certs;
	return true;
}

bool cmd_policy_read(const char *path, struct rd_arena *arena, struct rd_evidence_policy *out,
		     struct rd_err *err)
{
	const struct rd_doc *doc;
	struct rd_view text;

	*out = (struct rd_evidence_policy){ 0 };
	if (!path)
		return true;
	return read_file(path, POLICY_MAX, arena, &text, err) &&
	       rd_yaml_parse(arena, path, text, &doc, err) &&
	       rd_evidence_policy_from_doc(doc, path, rd_rats_kinds, arena, out, err) &&
	       read_anchors(path, out, arena, err);
}

/* ---- collateral ------------------------------------------------------------------------------ */

struct pieces {
	struct rd_collateral *piece;
	uint32_t n;
	const char *not_this; /* the evidence itself, when it lies in the folder */
	struct rd_arena *arena;
};

static bool add_piece(struct pieces *p, const char *path, const char *name, struct rd_err *err)
{
	struct rd_collateral *c = &p->piece[p->n];
	struct rd_view kept;

	if (p->n == CMD_COLLATERAL_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "tee.collateral.many",
			       "%s: more than %u pieces of collateral", path, CMD_COLLATERAL_MAX);
	if (!rd_arena_copy(p->arena, rd_view_str(name), &kept, err) ||
	    !read_file(path, FILE_MAX, p->arena, &c->bytes, err))
		return false;
	c->name = (const char *)kept.data;
	c->trusted = true;
	p->n++;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct dirent *const *)a)->d_name,
		      (*(const struct dirent *const *)b)->d_name);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool add_folder(struct pieces *p, const char *folder, struct rd_err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, visible, NULL);
	struct rd_view path;
	struct stat st;
	bool ok = true;

	if (n < 0)
		return rd_fail_errno(err, "os.file.open", "%s", folder);
	if (n > 0)
		qsort(entries, (size_t)n, sizeof(entries[0]), by_name);
	for (int i = 0; i < n && ok; i++) {
		ok = rd_arena_printf(p->arena, &path, err, "%s/%s", folder, entries[i]->d_name);
		if (ok && stat((const char *)path.data, &st) == 0 && S_ISREG(st.st_mode) &&
		    !same_file((const char *)path.data, p->not_this))
			ok = add_piece(p, (const char *)path.data, entries[i]->d_name, err);
	}
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return ok;
}

static bool read_collateral(const struct cmd_evidence_args *args, struct pieces *p,
			    struct rd_err *err)
{
	struct stat st;

	for (uint32_t i = 0; i < args->n_collateral; i++) {
		const char *path = args->collateral[i];

		if (stat(path, &st) != 0)
			return rd_fail_errno(err, "os.file.open", "%s", path);
		if (!(S_ISDIR(st.st_mode) ? add_folder(p, path, err)
					  : add_piece(p, path, path, err)))
			return false;
	}
	return true;
}

/* ---- the evidence ---------------------------------------------------------------------------- */

/* A wrapper of ours around the technology's own bytes, with collateral that travelled along. */
static void unwrap(struct cmd_evidence *e, struct pieces *p, struct rd_view file)
{
	struct rd_view type, value;
	struct rd_bundle bundle;
	struct rd_err unused = { 0 };

	e->in.report = file;
	if (!rd_cmw_get(file, &type, &value, &unused) || !e->tee->content_type ||
	    !rd_view_eq(type, rd_view_str(e->tee->content_type)))
		return;
	/* Others wrap the bytes as they are. */
	e->in.report = value;
	if (!rd_bundle_decode(value, &bundle, &unused))
		return;
	e->in.report = bundle.report;
	e->claims = bundle.claims;
	for (uint32_t i = 0; i < bundle.n_collateral && p->n < CMD_COLLATERAL_MAX; i++)
		p->piece[p->n++] =
			(struct rd_collateral){ .name = "", .bytes = bundle.collateral[i] };
}

/* ---- reference values ------------------------------------------------------------------------ */

/* By the signature of its keys or of a chain to the policy's anchors, or these very bytes. */
static bool open_manifest(const char *policy_path, const struct rd_manifest_file *m,
			  const struct cmd_evidence *e, struct rd_arena *arena,
			  struct rd_corim *out, struct rd_err *err)
{
	struct rd_collateral key[RD_EVIDENCE_POLICY_KEYS_MAX];
	struct rd_tee_input in = { .collateral = key,
				   .n_collateral = m->n_keys,
				   .now_unix_s = e->in.now_unix_s,
				   .n_anchors = m->n_keys ? 0 : e->policy.n_anchors,
				   .anchor = e->policy.anchor };
	uint8_t digest[RD_SHA256_LEN];

	for (uint32_t i = 0; i < m->n_keys; i++) {
		key[i] = (struct rd_collateral){ .name = "key", .trusted = true };
		if (!read_beside(policy_path, m->key[i], arena, &key[i].bytes, err))
			return false;
	}
	if (!read_beside(policy_path, m->file, arena, &in.report, err) ||
	    !rd_sha256(in.report, digest, err))
		return false;
	if (m->sha256.len && !rd_view_eq(m->sha256, rd_view_of(digest, sizeof(digest))))
		return rd_fail(err, RD_FAULT_REFUSED, "rats.corim.pin",
			       "not the file that the policy names by its SHA-256");
	return rd_corim_open(&in, m->sha256.len != 0 && m->n_keys == 0, arena, out, err);
}

/* A CMW may hold any kind: what is of none of them is still a slip. */
static bool add_references(struct cmd_evidence *e, const struct rd_corim *corim,
			   struct rd_arena *arena, struct rd_err *err)
{
	struct rd_err why = { 0 };
	bool any = false;

	if (strcmp(e->tee->name, "cmw") != 0)
		return rd_corim_references(corim, e->tee, arena, &e->policy, err);
	for (size_t i = 0; rd_tees[i]; i++) {
		why = (struct rd_err){ 0 };
		if (rd_corim_references(corim, rd_tees[i], arena, &e->policy, &why))
			any = true;
		else if (strcmp(why.code, "rats.corim.references") != 0)
			return *err = why, false;
	}
	if (!any)
		*err = why;
	return any;
}

static bool read_manifests(const char *policy_path, struct cmd_evidence *e, struct rd_arena *arena,
			   struct rd_err *err)
{
	struct rd_corim *corim = RD_NEW(arena, struct rd_corim, err);

	for (uint32_t i = 0; corim && i < e->policy.n_manifests; i++) {
		const struct rd_manifest_file *m = &e->policy.manifest[i];

		if (!open_manifest(policy_path, m, e, arena, corim, err) ||
		    !add_references(e, corim, arena, err))
			return rd_wrap(err, "%.*s", RD_FMT(m->file));
	}
	return corim != NULL;
}

/* The type of evidence that says it itself. */
static const struct rd_tee *type_of_wrapper(struct rd_view file, struct rd_err *err)
{
	struct rd_view type, value;
	struct rd_err unused = { 0 };
	const struct rd_tee *tee = NULL;

	if (rd_cmw_get(file, &type, &value, &unused))
		tee = rd_tee_by_content_type(type);
	if (!tee)
		rd_fail(err, RD_FAULT_USAGE, "tee.type",
			"this evidence does not say what it is: give --type");
	return tee;
}

/* Policy, its anchors, and the time. */
static bool read_context(const struct cmd_evidence_args *args, struct pieces *p,
			 struct cmd_evidence *out, struct rd_err *err)
{
	*out = (struct cmd_evidence){ 0 };
	p->piece = RD_NEW_ARRAY(p->arena, struct rd_collateral, CMD_COLLATERAL_MAX, err);
	if (!p->piece || !cmd_policy_read(args->policy, p->arena, &out->policy, err))
		return false;
	out->in.collateral = p->piece;
	out->in.anchor = out->policy.anchor;
	out->in.n_anchors = out->policy.n_anchors;
	out->in.now_unix_s = rd_os_now_ns(RD_CLOCK_WALL) / NS_PER_S;
	if (args->at && !rd_os_time_parse(rd_view_str(args->at), &out->in.now_unix_s, err))
		return rd_wrap(err, "--at");
	return true;
}

bool cmd_collateral_read(const struct cmd_evidence_args *args, struct rd_arena *arena,
			 struct rd_tee_input *out, struct rd_err *err)
{
	struct pieces p = { .not_this = "", .arena = arena };
	struct cmd_evidence e;

	if (!read_context(args, &p, &e, err) || !read_collateral(args, &p, err))
		return false;
	*out = e.in;
	out->n_collateral = p.n;
	return true;
}

bool cmd_evidence_read(const struct cmd_evidence_args *args, struct rd_arena *arena,
		       struct cmd_evidence *out, struct rd_err *err)
{
	struct pieces p = { .not_this = args->file, .arena = arena };
	struct rd_view file;

	if (!read_context(args, &p, out, err) ||
	    !read_file(args->file, FILE_MAX, arena, &file, err))
		return false;
	out->tee = args->type ? cmd_evidence_type(rd_view_str(args->type), err)
			      : type_of_wrapper(file, err);
	if (!out->tee || !read_collateral(args, &p, err) ||
	    !read_manifests(args->policy, out, arena, err))
		return false;
	unwrap(out, &p, file);
	out->in.n_collateral = p.n;
	if (args->nonce && (!rd_unhex(arena, rd_view_str(args->nonce), &out->in.nonce, err) ||
			    out->in.nonce.len == 0 || out->in.nonce.len > RD_NONCE_MAX))
		return rd_fail(err, RD_FAULT_USAGE, "tee.nonce.form",
			       "--nonce: expected 1 to 1024 bytes in hexadecimal");
	return true;
}

bool cmd_evidence_verify(const struct cmd_evidence *e, struct rd_arena *arena,
			 struct rd_tee_result *out, struct rd_err *err)
{
	struct rd_tee_work work = { .in = &e->in, .arena = arena, .out = out, .err = err };

	if (!e->tee->verify(&e->in, arena, out, err))
		return rd_wrap(err, "%s", e->tee->name);
	if (e->claims.len)
		rd_tee_check_report_data(&work, e->claims);
	return rd_tee_done(&work);
}

bool cmd_evidence_appraise(const struct cmd_evidence *e, struct rd_arena *arena,
			   struct rd_tee_result *out, struct rd_appraisal *a, struct rd_err *err)
{
	struct rd_verified seen = { e->tee, out, e->in.now_unix_s };
	struct rd_cmw_outcome *whole;

	if (strcmp(e->tee->name, "cmw") != 0)
		return cmd_evidence_verify(e, arena, out, err) &&
		       rd_appraise_evidence(&e->policy, &seen, arena, a, err);
	whole = RD_NEW(arena, struct rd_cmw_outcome, err);
	if (!whole || !rd_cmw_appraise(&e->policy, &e->in, arena, whole, err))
		return whole && rd_wrap(err, "cmw");
	*out = whole->result;
	*a = whole->appraisal;
	return true;
}
