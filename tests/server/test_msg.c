/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about transcoding arrive as they were sent. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/roles.h"

static uint8_t bytes[MSG_MAX];
static union msg_body back;

static size_t carry(enum msg_type type, const void *body)
{
	struct wr w = wr_init(bytes, sizeof bytes);
	enum msg_type is;

	memset(&back, 0, sizeof back);
	msg_encode(&w, type, body);
	cr_assert(!w.bad);
	cr_assert_eq(msg_decode(bytes, w.len, &is, &back), 0, "%s", msg_name(type));
	cr_assert_eq(is, type);
	for (size_t n = 0; n < w.len; n++)
		cr_assert_eq(msg_decode(bytes, n, &is, &(union msg_body){0}), -EBADMSG, "%s cut at %zu", msg_name(type), n);
	return w.len;
}

/* As zeros are where nothing was set, the whole struct can be compared. */
#define CARRIED(type, member, ...) do { \
	static const struct msg_##member sent = {__VA_ARGS__}; \
	carry(type, &sent); \
	cr_expect_eq(memcmp(&back.member, &sent, sizeof sent), 0, "%s", msg_name(type)); \
} while (0)

Test(msg, carries_the_hashes_of_the_programs)
{
	CARRIED(MSG_STORE_SITE, store_site, .origin = "a", .program = "casemate 0.1.0", .site_sha256 = {1}, .sbom_sha256 = {2, [31] = 3},
		.binary_sha256 = {{4}, {5}, {6}, {7}, {8}, {9, [31] = 10}}, .archive_max_bytes = 11, .cameras = 12, .ingests = 13);
}

Test(msg, carries_each_field_of_what_is_said_of_transcoding)
{
	CARRIED(MSG_TRANSCODE_RENDITION, transcode_rendition, .rendition = 3, .name = "small", .width = 640, .height = 360, .fps = 15,
		.bitrate_bps = 600000, .crf = 28, .latency = 1, .profile = 2, .priority = 7, .on_demand = true, .sign = true);
	CARRIED(MSG_RENDITION_RUN, rendition_run, .camera = 700, .rendition = 10, .run = true);
	CARRIED(MSG_WORKER_STATE, worker_state, .camera = 700, .scene = 5, .scene_now = 7, .looked = 1u << 31, .step = 3, .cpu = 2, .no_picture_since_us = -1, .pictures = UINT64_MAX,
		.errors = 1, .skipped = 2, .behind = 3, .refused = 4);
	CARRIED(MSG_WORKER_RENDITION, worker_rendition, .camera = 700, .rendition = 2, .running = true, .given_up = true, .fps_step = 2, .encoded = 5,
		.same = 6, .behind = 7, .signed_gops = 8, .unsigned_gops = 9);
	CARRIED(MSG_SEI_ASK, sei_ask, .camera = 700, .rendition = 2, .gop = UINT32_MAX, .nals = 60000, .start_us = 1795361400040000, .end_us = -1,
		.hash = {1, [31] = 2}, .linked = {3, [31] = 4}, .camera_name = "gate", .rendition_name = "small");
	CARRIED(MSG_SEI, sei, .camera = 700, .rendition = 2, .gop = 3, .start_us = 4, .nal_len = MEDIA_SIGNING_SEI_MAX, .nal = {6, 5, [MEDIA_SIGNING_SEI_MAX - 1] = 0x80});
	CARRIED(MSG_ALARM, alarm, .camera = 700, .kind = ALARM_WORKER, .begin = true, .at_us = 1795361400040000, .detail = "held back");
	CARRIED(MSG_METRICS, metrics, .ready = true, .why = "store: starting", .open_bytes = 5, .text_bytes = UINT64_MAX, .open_sha256 = {1, [31] = 2}, .text_sha256 = {3});
	CARRIED(MSG_WATCHED, watched, .camera = 999, .rendition = 10, .chunk_ms = 216);
	CARRIED(MSG_VIEWING, viewing, .user = 1255, .camera = 999, .renditions = 0x7ff, .by = 7, .address = "2001:db8::7", .from_number = 1,
		.to_number = 1ull << 53, .bytes = 1ull << 53, .from_us = -1, .to_us = 2);
	CARRIED(MSG_WATCH_ENTRY, watch_entry, .user = "anna", .camera = "gate", .address = "-", .by = 5, .renditions = "copy audio snapshot",
		.from_number = 1, .to_number = 2, .bytes = 3, .from_us = 4, .to_us = 5);
	CARRIED(MSG_TURN_ASK, turn_ask, .vkey = "a+1+b", .time_us = 1, .size = UINT64_MAX);
	CARRIED(MSG_TURN, turn, .note_len = 3, .note = {1, 2, 3});
	CARRIED(MSG_SHARE, share, .share = 255, .camera = 999, .user = MSG_LOGIN_NOBODY, .version = UINT32_MAX, .gone = true, .id = "share-abcdef",
		.token_sha256 = {1, [31] = 2}, .from_us = 1, .to_us = 2, .expires_us = 3);
	CARRIED(MSG_QUESTION, question, .request = UINT32_MAX, .what = QUESTION_SHARE, .user = 255, .all = true, .words = "gate - - 2026");
	CARRIED(MSG_ANSWER, answer, .request = 1, .result = MSG_ANSWER_REFUSED, .bytes = UINT64_MAX, .sha256 = {1, [31] = 2}, .why = "there is no such link");
	CARRIED(MSG_LOOK, look, .camera = 999, .every_s = 86400);
	CARRIED(MSG_PART_LENGTH, part_length, .camera = 999, .rendition = 9, .chunk_ms = 40, .part_ms = 216);
	CARRIED(MSG_PART, part, .camera = 999, .rendition = 2, .number = INT64_MAX, .tag = UINT32_MAX, .discontinuity = 7, .part = MSG_NO_PART,
		.ends = true, .last = true, .final = true, .independent = true, .start_us = -1, .duration = 18000, .timescale = 90000, .offset = 1ull << 40,
		.bytes = 99, .target_ms = 216, .sha256 = {1, [31] = 2}, .init_sha256 = {3, [31] = 4});
	CARRIED(MSG_RING_TRANSCODE, ring_transcode, .camera = 999, .pictures = true);
	CARRIED(MSG_STORE_RENDITION, store_rendition, .camera = 1, .rendition = 2, .name = "a", .hidden = true);
	CARRIED(MSG_SERVE_CAMERA, serve_camera, .camera = 1, .name = "gate", .segment_ms = 2000, .no_copy = true);
	CARRIED(MSG_SERVE_RENDITION, serve_rendition, .camera = 1, .rendition = 2, .name = "a", .width = 2, .height = 4, .fps = 5, .bitrate_bps = 6,
		.profile = 2, .on_demand = true);
}

Test(msg, carries_as_many_masks_as_a_camera_may_have)
{
	static struct msg_transcode_camera m = {.camera = 4, .name = "yard", .site = "a.example/b", .sound = true, .overlay = true, .denoise = 3, .cpu = 1};
	struct site_mask mask;

	for (unsigned i = 0; i < MSG_MASKS_MAX + 3; i++)
		msg_put_mask(&m, &(struct site_mask){.x = i, .y = 2 * i, .width = SITE_MASK_WHOLE - i, .height = 100 + i, .style = i % 2});
	carry(MSG_TRANSCODE_CAMERA, &m);
	cr_expect(back.transcode_camera.overlay && back.transcode_camera.denoise == 3 && back.transcode_camera.cpu == 1);
	cr_expect_str_eq(back.transcode_camera.site, "a.example/b");
	for (unsigned i = 0; i < MSG_MASKS_MAX; i++) {
		cr_assert(msg_get_mask(&back.transcode_camera, i, &mask));
		cr_expect(mask.x == i && mask.y == 2 * i && mask.width == SITE_MASK_WHOLE - i && mask.height == 100 + i && mask.style == i % 2);
	}
	cr_expect(!msg_get_mask(&back.transcode_camera, MSG_MASKS_MAX, &mask));
}

Test(roles, a_worker_speaks_of_itself_alone_and_serve_asks_the_parent)
{
	static const struct { enum role_kind from, to; enum msg_type type; bool may; } said[] = {
		{ROLE_TRANSCODE, ROLE_PARENT, MSG_WORKER_STATE, true}, {ROLE_TRANSCODE, ROLE_PARENT, MSG_WORKER_RENDITION, true},
		{ROLE_TRANSCODE, ROLE_PARENT, MSG_SEI_ASK, true}, {ROLE_PARENT, ROLE_SIGN, MSG_SEI_ASK, true}, {ROLE_SIGN, ROLE_PARENT, MSG_SEI, true},
		{ROLE_PARENT, ROLE_TRANSCODE, MSG_SEI, true}, {ROLE_STORE, ROLE_SIGN, MSG_SEI_ASK, false}, {ROLE_SERVE, ROLE_PARENT, MSG_SEI_ASK, false},
		{ROLE_SIGN, ROLE_STORE, MSG_SEI, false},
		{ROLE_TRANSCODE, ROLE_PARENT, MSG_ALARM, false}, {ROLE_TRANSCODE, ROLE_PARENT, MSG_WATCHED, false},
		{ROLE_TRANSCODE, ROLE_STORE, MSG_ALARM, false}, {ROLE_SERVE, ROLE_PARENT, MSG_WATCHED, true}, {ROLE_SERVE, ROLE_PARENT, MSG_RENDITION_RUN, false},
		{ROLE_SERVE, ROLE_STORE, MSG_ALARM, false}, {ROLE_INGEST, ROLE_PARENT, MSG_WORKER_STATE, false}, {ROLE_PARENT, ROLE_STORE, MSG_ALARM, true},
		{ROLE_PARENT, ROLE_SERVE, MSG_ALARM, true}, {ROLE_PARENT, ROLE_SERVE, MSG_RENDITION_RUN, true}, {ROLE_PARENT, ROLE_TRANSCODE, MSG_RENDITION_RUN, true},
		{ROLE_PARENT, ROLE_INGEST, MSG_RENDITION_RUN, false}, {ROLE_PARENT, ROLE_INGEST, MSG_PART_LENGTH, true},
		{ROLE_PARENT, ROLE_TRANSCODE, MSG_LOOK, true}, {ROLE_STORE, ROLE_TRANSCODE, MSG_LOOK, false}, {ROLE_PARENT, ROLE_TRANSCODE, MSG_PART_LENGTH, true}, {ROLE_PARENT, ROLE_STORE, MSG_PART_LENGTH, true},
		{ROLE_SERVE, ROLE_PARENT, MSG_PART_LENGTH, false}, {ROLE_SERVE, ROLE_PARENT, MSG_VIEWING, true}, {ROLE_SERVE, ROLE_STORE, MSG_WATCH_ENTRY, false},
		{ROLE_PARENT, ROLE_STORE, MSG_WATCH_ENTRY, true}, {ROLE_PARENT, ROLE_SERVE, MSG_SHARE, true}, {ROLE_SERVE, ROLE_PARENT, MSG_SHARE, false},
		{ROLE_SIGN, ROLE_PARENT, MSG_TURN_ASK, true}, {ROLE_STORE, ROLE_PARENT, MSG_TURN_ASK, false}, {ROLE_PARENT, ROLE_SIGN, MSG_TURN, true},
		{ROLE_SERVE, ROLE_PARENT, MSG_QUESTION, true}, {ROLE_STORE, ROLE_PARENT, MSG_QUESTION, false}, {ROLE_PARENT, ROLE_SERVE, MSG_ANSWER, true},
		{ROLE_SERVE, ROLE_SERVE, MSG_ANSWER, false}, {ROLE_SERVE, ROLE_SERVE, MSG_SHARE, false}, {ROLE_STORE, ROLE_SERVE, MSG_PART, false}, {ROLE_SERVE, ROLE_STORE, MSG_PART, false}};

	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		cr_expect_eq(roles_may_say(said[i].from, said[i].to, said[i].type, 0), said[i].may, "%s to %s: %s", role_kind_name(said[i].from),
			     role_kind_name(said[i].to), msg_name(said[i].type));
}

Test(msg, has_room_for_so_many_witnesses)
{
	static struct msg_witness_state m;
	uint64_t size;
	int64_t time_us;

	cr_expect(!msg_get_witness(&m, 0, &size, &time_us));
	for (unsigned i = 0; i < MSG_WITNESSES_MAX + 1; i++)
		msg_put_witness(&m, UINT64_MAX - i, -(int64_t)i);
	for (unsigned i = 0; i < MSG_WITNESSES_MAX; i++) {
		cr_assert(msg_get_witness(&m, i, &size, &time_us), "%u", i);
		cr_expect(size == UINT64_MAX - i && time_us == -(int64_t)i, "%u", i);
	}
	cr_expect(!msg_get_witness(&m, MSG_WITNESSES_MAX, &size, &time_us));
}
