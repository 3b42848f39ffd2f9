/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cosignatures as a serve brings them: taken, kept over a restart, shown; and refused for each reason. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "seal/checkpoint.h"
#include "seal/cosign.h"
#include "tests/server/store_rig.h"

#define COPY 1u

static struct rig r;
static struct key_private *witness[2];

static void setup(void)
{
	rig_begin(&r);
	cr_assert_eq(key_generate("a.example", &witness[0]), 0);
	cr_assert_eq(key_generate("b.example", &witness[1]), 0);
}

static void teardown(void)
{
	key_free(&witness[0]);
	key_free(&witness[1]);
	rig_end(&r);
}

TestSuite(store_witness, .init = setup, .fini = teardown, .timeout = 120);

static void tell_policy(void)
{
	struct msg_store_policy m = {0};
	char vkey[2][KEY_VKEY];

	for (int i = 0; i < 2; i++) {
		struct cosign_public c;

		cr_assert_eq(cosign_make_public(key_public_of(witness[i])->name, key_public_of(witness[i])->raw, &c), 0);
		cosign_vkey(&c, vkey[i]);
	}
	m.text_len = (uint16_t)snprintf((char *)m.text, sizeof m.text, "witness a %s\nwitness b %s\ngroup both all a b\nquorum both\n", vkey[0], vkey[1]);
	cr_assert_eq(channel_say(r.store.parent, MSG_STORE_POLICY, &m, NULL, 0), 0);
}

static bool has_policy(struct rig *x) { return x->note[MSG_LOG_POLICY].note_len > 0; }
static bool has_no_policy(struct rig *x) { return x->note[MSG_LOG_POLICY].note_len == 0; }
static bool has_answer(struct rig *x) { return x->has_cosigned; }
static bool has_alarm(struct rig *x) { return strstr(x->state.alarm, "put back or rewritten") != NULL; }

/* What the parent hears comes by another way than the answer. */
static uint64_t wanted_size;
static bool is_met_at(struct rig *x) { return x->witness.met && x->witness.size == wanted_size; }
static bool is_unmet_at(struct rig *x) { return !x->witness.met && x->witness.size == wanted_size; }

static void expect(bool met, uint64_t size)
{
	wanted_size = size;
	cr_assert(rig_until(&r, met ? is_met_at : is_unmet_at, 60000), "met %d, size %d", r.witness.met, (int)r.witness.size);
}

static void begin(void)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 20000000);
	rig_feed(&r, 2, COPY, 500);
	cr_assert(rig_settle(&r));
}

static void bring_bytes(const void *p, size_t n)
{
	static uint32_t request;
	struct msg_cosignature m = {.request = ++request, .note_len = (uint16_t)n};

	memcpy(m.note, p, n);
	r.has_cosigned = false;
	cr_assert_eq(channel_say(r.serve, MSG_COSIGNATURE, &m, NULL, 0), 0);
	cr_assert(rig_until(&r, has_answer, 60000));
	cr_assert_eq(r.cosigned.request, request);
}

/* A note with the cosignatures of these witnesses; store may have too much to do for the moment. What store says of it. */
static unsigned bring(const void *note, size_t n, const char *who)
{
	struct note parsed;
	struct buf b;

	buf_init(&b, MSG_COSIGNATURE_MAX);
	cr_assert_eq(note_parse(note, n, &parsed, NULL), 0);
	cr_assert_eq(buf_append(&b, note, n), 0);
	for (; *who; who++)
		cr_assert_eq(cosign_write(&b, parsed.text, parsed.text_len, clock_wall_us() / 1000000, witness[*who - 'a']), 0);
	for (int i = 0; i < 60; i++) {
		bring_bytes(buf_data(&b), b.len);
		if (r.cosigned.result != MSG_COSIGNED_LATER)
			break;
		rig_run(&r, 1000);
	}
	buf_free(&b);
	return r.cosigned.result;
}

static void read_file(const char *name, struct buf *b)
{
	buf_init(b, NOTE_MAX_BYTES);
	cr_assert_eq(io_read_file(r.archive, name, b), 0, "%s", name);
}

Test(store_witness, a_quorum_is_kept_and_comes_back_after_a_restart)
{
	struct msg_checkpoint first, second;
	struct buf b;

	begin();
	tell_policy();
	cr_assert(rig_until(&r, has_policy, 60000));
	first = r.checkpoint;
	cr_assert_eq(bring(first.note, first.note_len, "a"), MSG_COSIGNED_TAKEN);
	expect(false, first.size);
	cr_assert_gt(r.note[MSG_LOG_WANTED].note_len, first.note_len);
	rig_feed(&r, 1, COPY, 500);
	cr_assert(rig_settle(&r));
	second = r.checkpoint;
	cr_assert_gt(second.size, first.size);
	cr_assert_eq(bring(first.note, first.note_len, "b"), MSG_COSIGNED_TAKEN);
	expect(true, first.size);
	cr_assert_eq(r.note[MSG_LOG_WANTED].note_len, 0);
	cr_assert_eq(bring(second.note, second.note_len, "b"), MSG_COSIGNED_TAKEN);
	expect(true, first.size);
	read_file("log/cosigned", &b);
	cr_assert(b.len == r.note[MSG_LOG_COSIGNED].note_len && !memcmp(buf_data(&b), r.note[MSG_LOG_COSIGNED].note, b.len));
	buf_free(&b);

	cr_assert_eq(rig_stop_store(&r), 0);
	rig_kill(&r.sign);
	memset(r.note, 0, sizeof r.note);
	memset(&r.witness, 0, sizeof r.witness);
	rig_start(&r);
	tell_policy();
	expect(true, first.size);
	cr_assert(rig_until(&r, has_policy, 60000));
	cr_assert_gt(r.note[MSG_LOG_WANTED].note_len, second.note_len, "what was wanted is so still");
	cr_assert_eq(bring(second.note, second.note_len, "a"), MSG_COSIGNED_TAKEN);
	expect(true, second.size);
}

Test(store_witness, each_reason_to_refuse_has_its_answer)
{
	struct msg_checkpoint c;
	struct key_private *site = NULL;
	struct hash root = {.b = {7}};
	char path[300];
	struct buf b, pem;

	begin();
	c = r.checkpoint;
	cr_assert_eq(bring(c.note, c.note_len, "a"), MSG_COSIGNED_NOBODY, "no policy, no witnesses");
	tell_policy();
	cr_assert(rig_until(&r, has_policy, 60000));
	cr_assert_eq(bring(c.note, c.note_len, ""), MSG_COSIGNED_REFUSED, "nobody has cosigned it");
	bring_bytes("junk", 4);
	cr_assert_eq(r.cosigned.result, MSG_COSIGNED_MALFORMED);
	bring_bytes("", 0);
	cr_assert_eq(r.cosigned.result, MSG_COSIGNED_MALFORMED);
	cr_assert_eq(bring(c.note, c.note_len, "a"), MSG_COSIGNED_TAKEN);
	/* By somebody else's key of our name. */
	cr_assert_eq(key_generate(RIG_ORIGIN, &site), 0);
	buf_init(&b, NOTE_MAX_BYTES);
	cr_assert_eq(checkpoint_sign(&b, c.size, &root, site), 0);
	cr_assert_eq(bring(buf_data(&b), b.len, "a"), MSG_COSIGNED_OTHER);
	cr_assert_eq(bring(buf_data(&b), b.len, ""), MSG_COSIGNED_REFUSED, "whose it is was looked at");
	cr_assert(!has_alarm(&r));
	key_free(&site);
	buf_free(&b);
	/* By our key, of another history. */
	buf_init(&pem, KEY_FILE_MAX);
	snprintf(path, sizeof path, "%s/site.key", r.dir);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &pem), 0);
	cr_assert_eq(key_read(RIG_ORIGIN, buf_data(&pem), pem.len, &site, NULL), 0);
	buf_init(&b, NOTE_MAX_BYTES);
	cr_assert_eq(checkpoint_sign(&b, c.size, &root, site), 0);
	cr_assert_eq(bring(buf_data(&b), b.len, "a"), MSG_COSIGNED_OTHER);
	cr_assert(rig_until(&r, has_alarm, 60000));
	key_free(&site);
	buf_free(&b);
	buf_free(&pem);
}

/* A log that has more entries than this one was here before. */
Test(store_witness, a_checkpoint_of_ours_that_is_larger_than_the_log_is_an_alarm)
{
	struct key_private *site = NULL;
	struct hash root = {.b = {7}};
	char path[300];
	struct buf b, pem;

	begin();
	tell_policy();
	cr_assert(rig_until(&r, has_policy, 60000));
	buf_init(&pem, KEY_FILE_MAX);
	snprintf(path, sizeof path, "%s/site.key", r.dir);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &pem), 0);
	cr_assert_eq(key_read(RIG_ORIGIN, buf_data(&pem), pem.len, &site, NULL), 0);
	buf_init(&b, NOTE_MAX_BYTES);
	cr_assert_eq(checkpoint_sign(&b, r.checkpoint.size + 1000, &root, site), 0);
	cr_assert_eq(bring(buf_data(&b), b.len, "ab"), MSG_COSIGNED_OTHER);
	cr_assert(rig_until(&r, has_alarm, 60000));
	cr_assert_eq(r.witness.size, 0);
	key_free(&site);
	buf_free(&b);
	buf_free(&pem);
}

Test(store_witness, a_policy_that_goes_takes_its_notes_along)
{
	struct msg_store_policy none = {0};
	struct msg_checkpoint c;

	begin();
	tell_policy();
	cr_assert(rig_until(&r, has_policy, 60000));
	c = r.checkpoint;
	cr_assert_eq(bring(c.note, c.note_len, "ab"), MSG_COSIGNED_TAKEN);
	expect(true, c.size);
	/* Whoever brings the same again and again is told that it is known, or to come later. */
	for (int i = 0; i < 100; i++) {
		bring_bytes(r.note[MSG_LOG_COSIGNED].note, r.note[MSG_LOG_COSIGNED].note_len);
		cr_assert(r.cosigned.result == MSG_COSIGNED_KNOWN || r.cosigned.result == MSG_COSIGNED_LATER, "%u", r.cosigned.result);
	}
	cr_assert_eq(channel_say(r.store.parent, MSG_STORE_POLICY, &none, NULL, 0), 0);
	cr_assert(rig_until(&r, has_no_policy, 60000));
	expect(false, 0);
	cr_assert_eq(r.note[MSG_LOG_COSIGNED].note_len, 0);
	cr_assert_eq(bring(c.note, c.note_len, "a"), MSG_COSIGNED_NOBODY);
}
