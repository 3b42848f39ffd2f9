/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_MADE_CAMERA_H
#define TESTS_SERVER_MADE_CAMERA_H
/* A made-up camera: 25 pictures a second, a key frame each second, sound beside it; what store and transcode get is looked at. */
#include <criterion/criterion.h>

#include <openssl/evp.h>

#include "base/rd.h"
#include "base/wr.h"
#include "net/rtp_send.h"
#include "server/ingest_stream.h"

#define SECOND 1000000ll
#define WALL 1795000000000000ll
#define SPS_B_BYTES 21

extern const uint8_t sps_b[SPS_B_BYTES], frame[4];

/* One side's records: "init0 part0.0.0k end0.0 gap-silent", with rendition, segment and part. */
struct side {
	char log[32768];
	uint64_t epoch, first_epoch;
	bool full, none;
	EVP_MD_CTX *hash[2];
	unsigned ends, in_band;           /* in_band: pps_other, in parts */
	uint64_t bytes;                   /* in parts */
	uint8_t last[64];                 /* of the last access unit */
};

extern struct side store, transcode;
extern struct ingest_stream *s;
extern struct rtp_send video_out, audio_out;
extern struct ingest_now now;
extern enum gap_why why;
extern const char *over;
extern const uint8_t *sps, *pps;
extern size_t nsps, npps;
extern unsigned pictures;

void setup_world(void);
void end_world(void);
/* ctx: NULL for video. */
void send_packet(void *ctx, const uint8_t *p, size_t n);
void send_nal(struct wr *w, const uint8_t *p, size_t n);
/* The next picture; parameter sets go before each key frame. */
void picture(void);
/* Pictures, with the sound that belongs to them. */
void run(unsigned n, bool sound);
void use_sets(bool b);
void begin_session(bool video, bool sound);
/* Without sound; the parameter sets stand in the description. */
void begin_with_sets_told(void);
/* A camera that sends a key frame once in minutes. */
void run_without_keys(unsigned n);
void send_au(const uint8_t *const *nal, const size_t *n, unsigned count);
/* A slice that depends on others, with a NAL unit before it. */
void send_beside(const uint8_t *nal, size_t n);

bool in_order(const char *log, const char *const *words);
#define EXPECT_ORDER(log, ...) cr_expect(in_order(log, (const char *const[]){__VA_ARGS__, NULL}), "%s", log)

#endif
