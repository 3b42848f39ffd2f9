/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "seal/entry.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_0 "0000000000000000000000000000000000000000000000000000000000000000"

#define SEGMENT \
	"segment/v1\ncamera gate-1\nrendition copy\nnumber 1042\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 987654\n" \
	"start 2026-11-22T15:30:00.040Z\nduration 2.000\nclock rtcp 12\nsource sha256:" HEX_A "\ncamera-signature none\nprevious " HEX_0 "\n"
#define GAP "gap/v1\ncamera gate-1\nfrom 2026-11-22T15:30:00.040Z\nto 2026-11-22T15:31:00.000Z\nwhy unreachable\n"
#define DELETE \
	"delete/v1\ntime 2026-11-22T15:30:00.000Z\ncamera gate-1\nrendition copy\nfrom-number 5\nto-number 9\nbytes 1234\nwhy space\n"
#define START \
	"start/v1\ntime 2026-11-22T15:30:00.000Z\nprogram casemate 0.1.0\nbuild sha256:" HEX_A "\nsite sha256:" HEX_B "\n" \
	"key example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\nkeep copy audio\n"
/* As long as it gets: the longest name of a site, six programs. */
#define NAME_128 "site.example/" HEX_A "/abcdefghijklmnopqrstuvwxyz0123456789/abcdefghijkl/"
#define START_BINARIES \
	"start/v1\ntime 2026-11-22T15:30:00.000Z\nprogram casemate 0.10.10\nbuild sha256:" HEX_A "\nsite sha256:" HEX_B "\n" \
	"key " NAME_128 "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\nkeep copy audio\nsbom sha256:" HEX_B "\n" \
	"binary casemate sha256:" HEX_A "\nbinary ingest sha256:" HEX_B "\nbinary transcode sha256:" HEX_A "\nbinary store sha256:" HEX_B "\n" \
	"binary sign sha256:" HEX_A "\nbinary serve sha256:" HEX_B "\n"
#define ALARM "alarm/v1\ncamera gate-1\ntime 2026-11-22T15:30:00.000Z\nalarm overload\nstate begin\ndetail frame rate halved - 360p given up\n"
#define CONFIG_NONE "config/v1\ntime 2026-11-22T15:30:00.000Z\nsite sha256:" HEX_A "\nchanges 0\n"
#define CONFIG "config/v1\ntime 2026-11-22T15:30:00.000Z\nsite sha256:" HEX_A "\nchanges 2\nchange camera gate-1: password_file\nchange rendition gate-1/360p added\n"
#define CHANGE "change " CHANGE_96 "\n"
#define CHANGE_96 "abcdefghijklmnopqrstuvwxyz0123456789-./:_ abcdefghijklmnopqrstuvwxyz0123456789-./:_ abcdefghijkl"
/* As long as it gets. */
#define CONFIG_MANY "config/v1\ntime 2026-11-22T15:30:00.000Z\nsite sha256:" HEX_A "\nchanges 4294967295\n" CHANGE CHANGE CHANGE CHANGE CHANGE CHANGE CHANGE CHANGE
#define ENCODED \
	"segment/v1\ncamera gate-1\nrendition 360p\nnumber 1042\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 987654\n" \
	"start 2026-11-22T15:30:00.040Z\nduration 2.000\nclock rtcp 12\nsource sha256:" HEX_A "\ncamera-signature none\nencoder " HEX_B "\nprevious " HEX_0 "\n"
#define SETTINGS_64 "abcdefghijklmnopqrstuvwxyz0123456789=,;:.+ABCDEFGHIJKLMNOPQRSTU "
#define ENCODER "encoder/v1\ntime 2026-11-22T15:30:00.000Z\ncamera gate-1\nrendition 360p\nencoder x264 164 r3095 baee400\nsettings scale=640x360 crf=23\n"
#define LOGIN "login/v1\ntime 2026-11-22T15:30:00.000Z\nuser anna\naddress 2001:db8::1f\nresult accepted\ncount 1\n"
#define REFUSED "login/v1\ntime 2026-11-22T15:30:00.000Z\nuser -\naddress -\nresult refused\ncount 9007199254740992\n"
#define EXPORT \
	"export/v1\ntime 2026-11-22T15:30:00.000Z\nuser operator\ncamera gate-1\nrendition copy\nfrom 2026-11-22T15:00:00.000Z\n" \
	"to 2026-11-22T15:10:00.000Z\nsegments 300\nbytes 0\n"
#define WATCH \
	"watch/v1\nuser anna\naddress 2001:db8::1f\ncamera gate-1\nby page rtsp\nrenditions copy audio\nfrom-number 1042\nto-number 1192\n" \
	"from 2026-11-22T15:00:00.000Z\nto 2026-11-22T15:05:00.000Z\nbytes 148000000\n"
#define WATCH_MANY \
	"watch/v1\nuser -\naddress -\ncamera a\nby page player rtsp\nrenditions a b c d e f g h i j snapshot\nfrom-number 1\nto-number 9007199254740992\n" \
	"from 2026-11-22T15:00:00.000Z\nto 2026-11-22T15:00:00.000Z\nbytes 0\n"
#define EXPORT_TWO \
	"export/v2\ntime 2026-11-22T15:30:00.000Z\nuser operator\ncamera gate-1\nrendition copy\nfrom 2026-11-22T15:00:00.000Z\n" \
	"to 2026-11-22T15:10:00.000Z\nsegments 300\nbytes 0\nbeside audio 299 9007199254740992\n"
#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define KEY "key/v1\ntime 2026-11-22T15:30:00.000Z\nkey " VKEY "\nby " NAME_128 "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\nwhy rotation\n"
#define ENCODER_LONG "encoder/v1\ntime 2026-11-22T15:30:00.000Z\ncamera a\nrendition 360p\nencoder x\nsettings " SETTINGS_64 SETTINGS_64 SETTINGS_64 SETTINGS_64 SETTINGS_64 SETTINGS_64 SETTINGS_64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789yx\n"
#define START_ROOT \
	"start/v1\ntime 2026-11-22T15:30:00.000Z\nprogram casemate 0.1.0\nbuild sha256:" HEX_A "\nsite sha256:" HEX_B "\nkey " VKEY "\n" \
	"root " NAME_128 "+530d903a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" \
	"keep copy\n"
#define STOP "stop/v1\ntime 2026-11-22T15:30:00.000Z\nwhy asked\n"

static int parse(const char *s, struct entry *e)
{
	return entry_parse(s, strlen(s), e, NULL);
}

Test(entry, segment_has_its_fields)
{
	struct entry e;

	cr_assert_eq(parse(SEGMENT, &e), 0);
	cr_assert_eq(e.kind, ENTRY_SEGMENT);
	cr_assert_str_eq(e.segment.camera, "gate-1");
	cr_assert_str_eq(e.segment.rendition, "copy");
	cr_assert(e.segment.number == 1042 && e.segment.bytes == 987654 && e.segment.duration_ms == 2000 && e.segment.clock_rtcp);
	cr_assert(e.segment.start_us == 1795361400040000 && e.segment.clock_error_ms == 12 && e.segment.init.b[31] == 0xaa);
	cr_assert(e.segment.media.b[0] == 0xbb && hash_is_zero(&e.segment.previous) && !e.segment.has_certificate);
}

Test(entry, what_is_read_is_written_again)
{
	static const char *const text[] = {
		SEGMENT, GAP, DELETE, START, START_BINARIES, START "binary casemate sha256:" HEX_A "\n", START "sbom sha256:" HEX_A "\n", STOP, ALARM, CONFIG, CONFIG_NONE, CONFIG_MANY,
		ENCODED, ENCODER, ENCODER_LONG, LOGIN, REFUSED, EXPORT, EXPORT_TWO, KEY, WATCH, WATCH_MANY, START_ROOT, START_ROOT "sbom sha256:" HEX_A "\n",
		"login/v1\ntime 2026-11-22T15:30:00.000Z\nuser anna\naddress 192.0.2.7\nresult refused\ncount 12\n",
		"login/v1\ntime 2026-11-22T15:30:00.000Z\nuser anna\naddress ::ffff:192.0.2.7\nresult refused\ncount 12\n",
		"alarm/v1\ncamera -\ntime 2026-11-22T15:30:00.000Z\nalarm disk\nstate begin\ndetail the disk will be full in less than 2 h\n",
		"alarm/v1\ncamera a\ntime 1970-01-01T00:00:00.000Z\nalarm black\nstate end\ndetail 1\n",
		"segment/v1\ncamera a\nrendition 360p\nnumber 1\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 1\n"
		"start 1970-01-01T00:00:00.000Z\nduration 0.007\nclock arrival 0\nsource sha256:" HEX_A "\n"
		"camera-signature invalid sha256:" HEX_B "\nprevious " HEX_A "\n",
		"segment/v1\ncamera a\nrendition copy\nnumber 1\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 1\n"
		"start 1970-01-01T00:00:00.000Z\nduration 0.007\nclock arrival 0\nsource sha256:" HEX_A "\n"
		"camera-signature unverified onvif\nprevious " HEX_A "\n",
		"segment/v1\ncamera a\nrendition copy\nnumber 1\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 1\n"
		"start 1970-01-01T00:00:00.000Z\nduration 0.007\nclock arrival 0\nsource sha256:" HEX_A "\n"
		"camera-signature unverified axis\nprevious " HEX_A "\n",
		"segment/v1\ncamera a\nrendition 360p\nnumber 9007199254740992\ninit sha256:" HEX_A "\nmedia sha256:" HEX_B "\nbytes 9007199254740992\n"
		"start 9999-12-31T23:59:59.999Z\nduration 3600.000\nclock arrival 4294967295\nsource sha256:" HEX_A "\n"
		"camera-signature stripped\nprevious " HEX_A "\n",
	};

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		uint8_t out[ENTRY_MAX_BYTES];
		struct entry e;
		size_t n;

		cr_assert_eq(parse(text[i], &e), 0, "%s", text[i]);
		cr_assert_eq(entry_write(&e, out, &n), 0);
		cr_assert(n == strlen(text[i]) && !memcmp(out, text[i], n), "%s", text[i]);
	}
}

Test(entry, a_start_has_its_programs)
{
	struct entry e;

	cr_assert_eq(strlen(NAME_128), 128);
	cr_assert_leq(strlen(START_BINARIES), ENTRY_MAX_BYTES);
	cr_assert_eq(parse(START_BINARIES, &e), 0);
	cr_assert(e.start.has_sbom && e.start.sbom.b[0] == 0xbb && e.start.nbinaries == 6 && e.start.nkeep == 2);
	cr_assert_str_eq(e.start.binary[2].name, "transcode");
	cr_assert(e.start.binary[2].hash.b[31] == 0xaa && e.start.binary[5].hash.b[0] == 0xbb);
	cr_assert_eq(parse(START, &e), 0);
	cr_assert(!e.start.has_sbom && e.start.nbinaries == 0);
}

Test(entry, tells_about_when_it_was_logged)
{
	static const struct { struct entry e; int64_t us; } row[] = {
		{{.kind = ENTRY_SEGMENT, .segment = {.start_us = 5000000, .duration_ms = 2000}}, 7000000},
		{{.kind = ENTRY_GAP, .gap = {.from_us = 1, .to_us = 2000}}, 2000}, {{.kind = ENTRY_DELETE, .del = {.time_us = 3000}}, 3000},
		{{.kind = ENTRY_START, .start = {.time_us = 4000}}, 4000}, {{.kind = ENTRY_STOP, .stop = {.time_us = 5000}}, 5000},
		{{.kind = ENTRY_ALARM, .alarm = {.time_us = 6000}}, 6000}, {{.kind = ENTRY_CONFIG, .config = {.time_us = 7000}}, 7000},
		{{.kind = ENTRY_ENCODER, .encoder = {.time_us = 8000}}, 8000}, {{.kind = ENTRY_LOGIN, .login = {.time_us = 9000}}, 9000}, {{.kind = ENTRY_WATCH, .watch = {.from_us = 1, .to_us = 9500}}, 9500},
		{{.kind = ENTRY_EXPORT, .export = {.time_us = 10000}}, 10000}, {{.kind = ENTRY_KEY, .key = {.time_us = 11000}}, 11000},
		{{.kind = ENTRY_OTHER}, 77},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		cr_expect_eq(entry_time_us(&row[i].e, 77), row[i].us, "%zu", i);
}

Test(entry, other_kinds_are_let_through)
{
	static const char *const good[] = {"picture/v1\nuser a\n", "login/v2\n", "alarm/v12\nwhy \xc3\xa9\n"};
	static const char *const bad[] = {
		"picture/v1", "Login/v1\n", "login\n", "picture/v0\n", "picture/v01\n", "picture/1\n", "/v1\n", "picture/v1 \n", "picture/v1\nx", "picture/v1\n\xff\n",
		"picture/v1\n\x01\n", "picture/v1\r\n", "", "\n", "segment/v1", "abcdefghijklmnopqrstuvwxyzabcdefghi/v1\n", "picture/v1\n\xc0\x80\n",
		"picture/v1\n\xed\xa0\x80\n", "picture/v1\n\xf4\x90\x80\x80\n", "picture/v1\n\xe2\x82",
	};
	struct entry e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		cr_assert_eq(parse(good[i], &e), 0, "%s", good[i]);
		cr_assert_eq(e.kind, ENTRY_OTHER);
		cr_assert_eq(strcspn(good[i], "\n"), strlen(e.other));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(parse(bad[i], &e), -EBADMSG, "%s", bad[i]);
}

/* Replaces the first from by to in text; the result must be refused. */
static void refused(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from), *why = NULL;
	struct entry e = {.kind = ENTRY_OTHER};
	char changed[2048];

	cr_assert(at);
	snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	cr_assert_eq(entry_parse(changed, strlen(changed), &e, &why), -EBADMSG, "%s", changed);
	cr_assert(why && e.kind == ENTRY_OTHER);
}

Test(entry, every_line_is_strict)
{
	static const struct { const char *text, *from, *to; } c[] = {
		{CONFIG, "changes 2", "changes 3"}, {CONFIG, "changes 2", "changes 1"}, {CONFIG, "changes 2", "changes 02"}, {CONFIG, "changes 2", "changes 4294967296"},
		{CONFIG, "password_file", "password=x"}, {CONFIG, "change camera", "change  camera"}, {CONFIG, "gate-1: password_file", ""}, {CONFIG_MANY, "4294967295", "7"},
		{CONFIG_NONE, "changes 0\n", ""}, {CONFIG_NONE, "changes 0\n", "changes 0\nchange a\n"},
		{SEGMENT, "gate-1", "Gate-1"}, {SEGMENT, "gate-1", ""}, {SEGMENT, "gate-1", "gate 1"}, {SEGMENT, "gate-1", "../gate"},
		{SEGMENT, "gate-1", "abcdefghijklmnopqrstuvwxyz0123456"}, {SEGMENT, "camera gate", "camera  gate"}, {SEGMENT, "gate-1\n", "gate-1 \n"},
		{SEGMENT, "number 1042", "number 0"}, {SEGMENT, "number 1042", "number 01042"}, {SEGMENT, "number 1042", "number -1"},
		{SEGMENT, "number 1042", "number 9007199254740993"}, {SEGMENT, "number 1042", "number"}, {SEGMENT, "number 1042\n", ""},
		{SEGMENT, "init sha256:a", "init sha256:A"}, {SEGMENT, "init sha256:a", "init sha256:"}, {SEGMENT, "init sha256:", "init sha512:"},
		{SEGMENT, "init sha256:a", "init sha256:g"}, {SEGMENT, "bytes 987654", "bytes 0"}, {SEGMENT, "bytes 987654", "bytes 1e6"},
		{SEGMENT, "00.040Z", "00.04Z"}, {SEGMENT, "00.040Z", "00.0401Z"}, {SEGMENT, "00.040Z", "00Z"}, {SEGMENT, "00.040Z", "00.040+00:00"},
		{SEGMENT, "2026-11-22", "2026-02-30"}, {SEGMENT, "T15", "t15"}, {SEGMENT, "2.000", "2"}, {SEGMENT, "2.000", "2.0"}, {SEGMENT, "2.000", "2.0000"},
		{SEGMENT, "2.000", "02.000"}, {SEGMENT, "2.000", ".000"}, {SEGMENT, "2.000", "3600.001"}, {SEGMENT, "2.000", "2,000"}, {SEGMENT, "2.000", "2.1000"},
		{SEGMENT, "rtcp 12", "rtcp"}, {SEGMENT, "rtcp 12", "gps 12"}, {SEGMENT, "rtcp 12", "rtcp 012"}, {SEGMENT, "rtcp 12", "rtcp 4294967296"},
		{SEGMENT, "signature none", "signature maybe"}, {SEGMENT, "signature none", "signature none sha256:" HEX_A},
		{SEGMENT, "signature none", "signature valid " HEX_A}, {SEGMENT, "signature none", "signature valid sha256:"},
		{SEGMENT, "signature none", "signature "}, {SEGMENT, "previous 0", "previous "}, {SEGMENT, "previous 0", "previous sha256:0"},
		{SEGMENT, "segment/v1", "segment/v2x"}, {SEGMENT, "\ncamera", "\r\ncamera"}, {SEGMENT, "rendition copy\nnumber 1042\n", "number 1042\nrendition copy\n"},
		{SEGMENT, HEX_0 "\n", HEX_0 "\nmore 1\n"}, {SEGMENT, HEX_0 "\n", HEX_0}, {SEGMENT, HEX_0 "\n", HEX_0 "\n\n"},
		{GAP, "to 2026-11-22T15:31", "to 2026-11-22T15:29"}, {GAP, "why unreachable", "why Unreachable"}, {GAP, "why unreachable\n", ""},
		{GAP, "from", "From"}, {DELETE, "from-number 5", "from-number 10"}, {DELETE, "from-number 5", "from-number 0"}, {DELETE, "why space", "why"},
		{START, "casemate 0.1.0", ""}, {START, "casemate 0.1.0", "casemate\t0.1.0"}, {START, "keep copy audio", "keep"},
		{START, "keep copy audio", "keep copy  audio"}, {START, "keep copy audio", "keep copy audio "}, {START, "keep copy audio", "keepcopy"},
		{START, "keep copy audio", "keep a b c d e f g h i j k"}, {START, "audio\n", "audio\nkeep all\n"},
		{START_BINARIES, "sbom sha256:b", "sbom sha256:"}, {START_BINARIES, "sbom sha256:" HEX_B "\n", "sbom " HEX_B "\n"},
		{START_BINARIES, "binary ingest", "binary Ingest"}, {START_BINARIES, "binary ingest", "binary"}, {START_BINARIES, "binary ingest", "binary  ingest"},
		{START_BINARIES, "ingest sha256:b", "ingest sha256:"}, {START_BINARIES, "ingest sha256:", "ingest sha512:"},
		{START_BINARIES, "sbom sha256:" HEX_B "\nbinary casemate sha256:" HEX_A "\n", "binary casemate sha256:" HEX_A "\nsbom sha256:" HEX_B "\n"},
		{START_BINARIES, "ingest", "abcdefghijklmnopqrstuvwxyz0123456"}, {START, "audio\n", "audio\nbinary a sha256:" HEX_A "\nkeep copy\n"}, {STOP, "asked", "asked twice"},
		{ALARM, "state begin", "state on"}, {ALARM, "state begin", "state"}, {ALARM, "halved", "Halved"}, {ALARM, "halved", "halved,"},
		{ALARM, "detail frame", "detail  frame"}, {ALARM, "given up", "given up "}, {ALARM, "frame rate halved - 360p given up", ""},
		{SEGMENT, "signature none", "signature unverified"}, {SEGMENT, "signature none", "signature unverified  onvif"}, {SEGMENT, "signature none", "signature unverified ONVIF"},
		{SEGMENT, "signature none", "signature unverified onvif sha256:" HEX_A}, {SEGMENT, "signature none", "signature valid sha256:" HEX_A " "},
		{SEGMENT, "previous ", "encoder " HEX_A "\nprevious "}, {ENCODED, "rendition 360p", "rendition copy"}, {ENCODED, "encoder b", "encoder B"},
		{ENCODED, "encoder " HEX_B "\n", "encoder\n"}, {ENCODED, "encoder b", "encoder sha256:b"}, {ENCODED, "encoder " HEX_B "\n", "encoder " HEX_B "\nencoder " HEX_B "\n"},
		{ENCODED, "encoder " HEX_B "\nprevious " HEX_0 "\n", "previous " HEX_0 "\nencoder " HEX_B "\n"},
		{ENCODER, "rendition 360p", "rendition copy"}, {ENCODER, "encoder x264", "encoder  x264"}, {ENCODER, "encoder x264 164 r3095 baee400", "encoder"},
		{ENCODER, "crf=23", "crf=23 "}, {ENCODER, "crf=23", "crf=\t23"}, {ENCODER, "crf=23", "crf=\xc3\xa9"}, {ENCODER, "settings scale=640x360 crf=23\n", ""},
		{ENCODER, "baee400", "baee400 " HEX_A}, {ENCODER_LONG, "789yx", "789yxy"}, {ENCODER, "baee400\n", "baee400\nsettings a\n"},
		{LOGIN, "2001:db8::1f", "2001:DB8::1f"}, {LOGIN, "2001:db8::1f", "2001:db8:0::1f"}, {LOGIN, "2001:db8::1f", "192.0.2.007"}, {LOGIN, "2001:db8::1f", "gate.example"},
		{LOGIN, "2001:db8::1f", "[2001:db8::1f]"}, {LOGIN, "2001:db8::1f", ""}, {LOGIN, "2001:db8::1f", "fe80::1%eth0"}, {LOGIN, "2001:db8::1f", "--"},
		{LOGIN, "anna", "Anna"}, {LOGIN, "anna", ""}, {LOGIN, "accepted", "maybe"}, {LOGIN, "count 1", "count 0"}, {LOGIN, "count 1", "count 01"}, {LOGIN, "count 1\n", ""},
		{EXPORT, "to 2026-11-22T15:10", "to 2026-11-22T14:10"}, {EXPORT, "segments 300", "segments 0300"}, {EXPORT, "bytes 0", "bytes -1"}, {EXPORT, "bytes 0", "bytes"},
		{EXPORT, "bytes 0", "bytes 9007199254740993"}, {EXPORT, "user operator\n", ""}, {EXPORT, "export/v1", "export/v2"},
		{EXPORT, "bytes 0\n", "bytes 0\nbeside audio 1 1\n"}, {EXPORT_TWO, "export/v2", "export/v1"}, {EXPORT_TWO, "beside audio 299", "beside copy 299"},
		{EXPORT_TWO, "audio 299", "audio 0"}, {EXPORT_TWO, "audio 299 9007199254740992", "audio 299 0"}, {EXPORT_TWO, "audio 299", "audio 0299"},
		{EXPORT_TWO, "audio 299", "Audio 299"}, {EXPORT_TWO, "audio 299", "audio"}, {EXPORT_TWO, "audio 299", " 299"}, {EXPORT_TWO, "audio 299 ", "audio 299  "},
		{EXPORT_TWO, "40992", "40993"}, {EXPORT_TWO, "40992", "40992 1"}, {EXPORT_TWO, "audio", "abcdefghijklmnopqrstuvwxyz0123456"},
		{EXPORT_TWO, "beside audio 299 9007199254740992\n", "beside audio 299 1\nbeside 360p 1 1\n"},
		{KEY, "why rotation", "why"}, {KEY, "key " VKEY, "key"}, {KEY, "\nby ", "\nby  "}, {KEY, "why rotation\n", ""},
		{WATCH, "by page rtsp", "by rtsp page"}, {WATCH, "by page rtsp", "by"}, {WATCH, "by page rtsp", "by page  rtsp"}, {WATCH, "by page rtsp", "by page page rtsp"},
		{WATCH, "by page rtsp", "by page http"}, {WATCH, "by page rtsp", "by page rtsp "}, {WATCH, "copy audio", "copy  audio"}, {WATCH, "copy audio", "copy audio "},
		{WATCH, "copy audio", ""}, {WATCH, "copy audio", "copy Audio"}, {WATCH, "renditions copy audio", "renditions"}, {WATCH_MANY, "i j", "i j k"},
		{WATCH, "copy audio", "abcdefghijklmnopqrstuvwxyz0123456"}, {WATCH, "from-number 1042", "from-number 1193"}, {WATCH, "from-number 1042", "from-number 0"},
		{WATCH, "T15:05", "T14:05"}, {WATCH, "user anna", "user"}, {WATCH, "2001:db8::1f", "fe80::1%eth0"}, {WATCH, "bytes 148000000\n", ""},
		{WATCH_MANY, "bytes 0", "bytes 9007199254740993"}, {WATCH_MANY, "9007199254740992", "9007199254740993"},
		{START_ROOT, "keep copy\n", "keep copy\nroot a\n"}, {START_ROOT, "root " NAME_128, "root"}, {START_ROOT, "\nroot ", "\nroot abc "},
		{ALARM, "overload", "over load"}, {ALARM, "state begin\n", ""}, {ALARM, "gate-1", ""},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		refused(c[i].text, c[i].from, c[i].to);
}

Test(entry, cut_anywhere_is_refused)
{
	static const char *const text[] = {SEGMENT, GAP, DELETE, START, STOP, ALARM, ENCODED, ENCODER, LOGIN, EXPORT, EXPORT_TWO, KEY, WATCH};
	struct entry e;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		for (size_t n = 0; n < strlen(text[i]); n++)
			cr_assert_eq(entry_parse(text[i], n, &e, NULL), -EBADMSG);
}

Test(entry, too_long_is_refused)
{
	char text[ENTRY_MAX_BYTES + 2] = "taken/v1\n";
	struct entry e;

	memset(text + 9, 'a', sizeof text - 10);
	text[ENTRY_MAX_BYTES - 1] = '\n';
	cr_assert_eq(entry_parse(text, ENTRY_MAX_BYTES, &e, NULL), 0);
	text[ENTRY_MAX_BYTES - 1] = 'a';
	text[ENTRY_MAX_BYTES] = '\n';
	cr_assert_eq(entry_parse(text, ENTRY_MAX_BYTES + 1, &e, NULL), -EBADMSG);
}

Test(entry, nothing_malformed_is_written)
{
	struct entry e, f;
	uint8_t out[ENTRY_MAX_BYTES];
	size_t n = 77;

	cr_assert_eq(parse(SEGMENT, &e), 0);
#define BAD(field, value) \
	do { \
		f = e; \
		f.segment.field = value; \
		cr_assert_eq(entry_write(&f, out, &n), -EINVAL, #field); \
	} while (0)
	BAD(camera[0], 'X');
	BAD(camera[0], 0);
	BAD(number, 0);
	BAD(number, ENTRY_NUMBER_MAX + 1);
	BAD(bytes, 0);
	BAD(start_us, -1);
	BAD(start_us, 40001);
	BAD(duration_ms, ENTRY_DURATION_MAX_MS + 1);
	BAD(has_certificate, true);
	BAD(signature, (enum entry_signature)9);
#undef BAD
	f = e;
	memset(f.segment.camera, 'a', sizeof f.segment.camera);
	cr_assert_eq(entry_write(&f, out, &n), -EINVAL);
	f.kind = ENTRY_OTHER;
	cr_assert_eq(entry_write(&f, out, &n), -EINVAL);
	cr_assert_eq(n, 77);
}

Test(entry, an_encoded_segment_names_its_encoder)
{
	struct entry e;

	cr_assert_eq(parse(ENCODED, &e), 0);
	cr_assert(e.segment.has_encoder && e.segment.encoder.b[0] == 0xbb && e.segment.signature == ENTRY_SIGNATURE_NONE);
	cr_assert_eq(parse(SEGMENT, &e), 0);
	cr_assert(!e.segment.has_encoder);
	cr_assert_eq(parse(ENCODER, &e), 0);
	cr_assert_str_eq(e.encoder.encoder, "x264 164 r3095 baee400");
	cr_assert_str_eq(e.encoder.settings, "scale=640x360 crf=23");
}

Test(entry, acts_have_their_fields)
{
	struct entry e;

	cr_assert_eq(parse(LOGIN, &e), 0);
	cr_assert(e.kind == ENTRY_LOGIN && e.login.accepted && e.login.count == 1);
	cr_assert_str_eq(e.login.address, "2001:db8::1f");
	cr_assert_not(e.login.by_certificate);
	cr_assert_eq(parse(LOGIN "by certificate\n", &e), 0);
	cr_assert(e.login.by_certificate && e.login.count == 1);
	cr_assert_lt(parse(LOGIN "by password\n", &e), 0);
	cr_assert_lt(parse(LOGIN "by certificate\nby certificate\n", &e), 0);
	cr_assert_eq(parse(EXPORT, &e), 0);
	cr_assert(e.kind == ENTRY_EXPORT && e.export.segments == 300 && e.export.bytes == 0 && e.export.to_us - e.export.from_us == 600000000);
	cr_assert_eq(parse(WATCH, &e), 0);
	cr_assert(e.kind == ENTRY_WATCH && e.watch.by == (1u << ENTRY_BY_PAGE | 1u << ENTRY_BY_RTSP) && e.watch.nrenditions == 2 && e.watch.bytes == 148000000);
	cr_assert(e.watch.from_number == 1042 && e.watch.to_number == 1192 && e.watch.to_us - e.watch.from_us == 300000000);
	cr_assert_str_eq(e.watch.rendition[1], "audio");
	cr_assert_str_empty(e.export.beside.rendition);
	cr_assert_eq(parse(EXPORT_TWO, &e), 0);
	cr_assert(e.kind == ENTRY_EXPORT && e.export.beside.segments == 299 && e.export.beside.bytes == UINT64_C(1) << 53);
	cr_assert_str_eq(e.export.beside.rendition, "audio");
	cr_assert_eq(parse(KEY, &e), 0);
	cr_assert_str_eq(e.key.key, VKEY);
	cr_assert_str_eq(e.key.why, "rotation");
	cr_assert_eq(parse(START_ROOT, &e), 0);
	cr_assert_eq(strlen(e.start.root), 128 + 1 + 8 + 1 + 124);
	cr_assert_str_eq(e.start.key, VKEY);
	cr_assert_eq(parse(START, &e), 0);
	cr_assert_str_empty(e.start.root);
}

Test(entry, start_says_what_is_kept)
{
	struct entry e;

	cr_assert_eq(parse(START, &e), 0);
	cr_assert(entry_keeps(&e.start, "copy") && entry_keeps(&e.start, "audio") && !entry_keeps(&e.start, "360p"));
}
