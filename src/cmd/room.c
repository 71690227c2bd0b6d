/* redoubt room check|compile|show|approve|run|revoke: the signed agreement. */
#include "cmd.h"
#include "common.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)16 << 20)

struct asked {
	const char *path, *owner, *key, *output, *expires;
	bool accept_plan;
	struct rd_arena *arena;
	struct cmd_room_file file;
};

static bool print_text(const struct rd_buf *text, struct rd_err *err)
{
	return fwrite(text->data, 1, text->len, stdout) == text->len ||
	       rd_fail_errno(err, "os.file.write", "standard output");
}

static bool show(struct asked *a, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = TEXT_MAX };

	return rd_room_show(&a->file.room, rd_view_of(a->file.hash, RD_SHA256_LEN), &text, err) &&
	       print_text(&text, err);
}

static bool run_check(struct asked *a, struct rd_err *err)
{
	if (!show(a, err))
		return false;
	if (!a->file.compiled_here && !rd_room_recompile(&a->file.room, a->arena, err))
		return false;
	printf("\nthe room is sound\n");
	return true;
}

static bool run_compile(struct asked *a, struct rd_err *err)
{
	if (!a->output)
		return rd_fail(err, RD_FAULT_USAGE, "room.check", "compile needs -o FILE");
	return rd_os_file_write(a->output, 0644, a->file.bytes, err);
}

/* ---- approve, revoke
 * -------------------------------------------------------------------------------- */

/* The key given must be the one that the room names: else the approval would be worth nothing. */
static bool owner_key(struct asked *a, struct rd_secret *seed, struct rd_err *err)
{
	uint8_t key[RD_ED25519_LEN];
	uint32_t owner;

	if (!a->owner || !a->key || !a->output)
		return rd_fail(err, RD_FAULT_USAGE, "room.approval.owner",
			       "--owner NAME, --key SIGN.key and -o FILE are needed");
	owner = rd_room_find_owner(&a->file.room, rd_view_str(a->owner));
	if (owner == RD_NONE)
		return rd_fail(err, RD_FAULT_USAGE, "room.approval.owner",
			       "the room has no owner '%s'", a->owner);
	if (!cmd_read_seed(a->key, seed, err) || !rd_ed25519_public(seed, key, err))
		return false;
	return rd_view_eq(a->file.room.owner[owner].sign_key, rd_view_of(key, sizeof(key))) ||
	       rd_fail(err, RD_FAULT_REFUSED, "room.approval.signature",
		       "%s is not the sign key that the room names for '%s'", a->key, a->owner);
}

/* What is signed was shown: the SQL compiles to the plan, or the plan itself is looked at. */
static bool look_at_plans(struct asked *a, struct rd_err *err)
{
	if (!a->accept_plan)
		return rd_room_recompile(&a->file.room, a->arena, err);
	for (uint32_t i = 0; i < a->file.room.n_queries; i++) {
		RD_AUTO(rd_buf_free) struct rd_buf text = { .max = TEXT_MAX };
		struct rd_plan plan;

		if (!rd_plan_decode(a->file.room.query[i].plan, a->arena, &plan, err) ||
		    !rd_plan_print(&plan, &text, err))
			return false;
		printf("plan of %.*s\n", RD_FMT(a->file.room.query[i].name));
		if (!print_text(&text, err))
			return false;
	}
	return show(a, err);
}

static bool run_approve(struct asked *a, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret seed = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf cose = { .max = 4096 };
	const struct rd_room *room = &a->file.room;
	struct rd_approval approval = { .room_hash = rd_view_of(a->file.hash, RD_SHA256_LEN),
					.room_id = room->id,
					.sequence = room->sequence,
					.expires_unix_s = room->expires_unix_s };

	if (!owner_key(a, &seed, err) || !look_at_plans(a, err))
		return false;
	if (a->expires && !rd_os_time_parse(rd_view_str(a->expires), &approval.expires_unix_s, err))
		return false;
	if (approval.expires_unix_s > room->expires_unix_s)
		return rd_fail(err, RD_FAULT_USAGE, "room.approval.expired",
			       "the approval would outlive the room");
	approval.owner = rd_view_str(a->owner);
	if (!rd_approval_sign(&approval, &seed, &cose, err) ||
	    !rd_os_file_write(a->output, 0644, rd_buf_view(&cose), err))
		return false;
	printf("%s approves room %.*s, sequence %llu: %s\n", a->owner, RD_FMT(room->id),
	       (unsigned long long)room->sequence, a->output);
	return true;
}

static bool run_revoke(struct asked *a, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret seed = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf cose = { .max = 4096 };
	const struct rd_room *room = &a->file.room;
	struct rd_revocation revocation = {
		.room_id = room->id,
		.sequence = room->sequence + 1,
		.time_unix_s = rd_os_now_ns(RD_CLOCK_WALL) / 1000000000,
	};

	if (!owner_key(a, &seed, err))
		return false;
	revocation.owner = rd_view_str(a->owner);
	if (!rd_revocation_sign(&revocation, &seed, &cose, err) ||
	    !rd_os_file_write(a->output, 0644, rd_buf_view(&cose), err))
		return false;
	printf("%s revokes room %.*s up to sequence %llu: give %s to the broker\n", a->owner,
	       RD_FMT(room->id), (unsigned long long)room->sequence, a->output);
	return true;
}

/* ---- the command line
 * -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*run)(struct asked *a, struct rd_err *err);
} verbs[] = { { "check", run_check },
	      { "compile", run_compile },
	      { "show", show },
	      { "approve", run_approve },
	      { "revoke", run_revoke } };

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' }, { "owner", required_argument, NULL, 'w' },
	{ "key", required_argument, NULL, 'k' },    { "expires", required_argument, NULL, 'e' },
	{ "accept-plan", no_argument, NULL, 'p' },  { NULL, 0, NULL, 0 },
};

static bool take(struct asked *a, int option)
{
	switch (option) {
	case 'o':
		a->output = optarg;
		return true;
	case 'w':
		a->owner = optarg;
		return true;
	case 'k':
		a->key = optarg;
		return true;
	case 'e':
		a->expires = optarg;
		return true;
	case 'p':
		return a->accept_plan = true;
	default:
		return false;
	}
}

static int run_verb(const char *verb, struct asked *a)
{
	struct rd_err err = { 0 };
	bool ok;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &a->arena, &err) &&
		     cmd_read_room(a->path, a->arena, &a->file, &err) && verbs[i].run(a, &err);
		rd_arena_free(&a->arena);
		return ok ? 0 : cmd_failed(&cmd_room, &err);
	}
	return cmd_misused(&cmd_room, "unknown verb");
}

static int run(int argc, char **argv)
{
	struct asked a = { .path = NULL };
	int option;

	if (argc > 1 && strcmp(argv[1], "run") == 0)
		return cmd_room_run(argc - 1, argv + 1);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (!take(&a, option))
			return cmd_misused(&cmd_room, "an option is unknown or lacks its value");
	if (argc - optind != 2)
		return cmd_misused(&cmd_room, "a verb and a room are needed");
	a.path = argv[optind + 1];
	return run_verb(argv[optind], &a);
}

const struct cmd cmd_room = {
	.name = "room",
	.summary = "writes, shows, approves and runs the agreement",
	.help = "Usage: redoubt room check|show ROOM\n"
		"       redoubt room compile ROOM.yaml -o FILE\n"
		"       redoubt room approve ROOM --owner NAME --key SIGN.key -o FILE\n"
		"                    [--expires TIME] [--accept-plan]\n"
		"       redoubt room run ROOM.room [--query NAME] [--host HOST:PORT] [-o DIR]\n"
		"       redoubt room revoke ROOM --owner NAME --key SIGN.key -o FILE\n"
		"\n"
		"A room says which queries over whose tables may be answered to whom, by which "
		"rules,\n"
		"in which enclaves. ROOM is its manifest (room.yaml) or its compiled form.\n"
		"\n"
		"  check     all checks, and what the rules cannot stop\n"
		"  show      in plain words: what would be revealed to whom\n"
		"  compile   the bytes that are hashed and signed\n"
		"  approve   compiles every query anew, compares, and signs\n"
		"  run       asks a host for a run (127.0.0.1:7500); sealed answers and receipts "
		"go to\n"
		"            DIR (here)\n"
		"  revoke    nothing up to this sequence runs any more; for `redoubt broker add`\n"
		"\n"
		"  --accept-plan    sign the plan as it is, without compiling the SQL\n"
		"  --expires TIME   of the approval (default: the room's)\n"
		"\n"
		"Example:\n"
		"  redoubt room show room.yaml && redoubt room approve room.yaml --owner clinic "
		"\\\n"
		"      --key clinic/sign.key -o clinic.approval\n",
	.run = run,
};
