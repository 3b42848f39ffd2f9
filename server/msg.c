/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/msg.h"

#include <errno.h>
#include <string.h>

enum field_kind { F_END, F_INT, F_BOOL, F_BYTES, F_TEXT, F_BLOB };

/* F_BLOB: a u16 length member at len_offset counts the bytes in use. */
struct field {
	enum field_kind kind;
	uint16_t offset, len_offset;
	uint32_t size;
};

#define AT(s, m) .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define INT(s, m) {F_INT, AT(s, m)}
#define BOOL(s, m) {F_BOOL, AT(s, m)}
#define BYTES(s, m) {F_BYTES, AT(s, m)}
#define TEXT(s, m) {F_TEXT, AT(s, m)}
#define BLOB(s, m) {F_BLOB, AT(s, m), .len_offset = offsetof(struct s, m##_len)}
#define FIELDS (const struct field[])
#define END {F_END}

static const struct {
	const char *name;
	const struct field *fields;
} layout[MSG_TYPE_COUNT] = {
	[MSG_GO] = {"go", FIELDS{BOOL(msg_go, best_effort), END}},
	[MSG_READY] = {"ready", FIELDS{INT(msg_ready, layers), END}},
	[MSG_STOP] = {"stop", FIELDS{END}},
	[MSG_ASK] = {"ask", FIELDS{END}},
	[MSG_HERE] = {"here", FIELDS{END}},
	[MSG_BAD_PEER] = {"bad-peer", FIELDS{INT(msg_bad_peer, role), INT(msg_bad_peer, index), TEXT(msg_bad_peer, why), END}},
	[MSG_PEER] = {"peer", FIELDS{INT(msg_peer, role), INT(msg_peer, index), END}},
	[MSG_INGEST_CAMERA] = {"ingest-camera", FIELDS{
		INT(msg_ingest_camera, camera), TEXT(msg_ingest_camera, name), TEXT(msg_ingest_camera, host), TEXT(msg_ingest_camera, url),
		TEXT(msg_ingest_camera, user), TEXT(msg_ingest_camera, password), BOOL(msg_ingest_camera, has_user),
		BOOL(msg_ingest_camera, allow_md5), BOOL(msg_ingest_camera, allow_basic), BOOL(msg_ingest_camera, audio),
		INT(msg_ingest_camera, transport), INT(msg_ingest_camera, worked),
		INT(msg_ingest_camera, tls), BYTES(msg_ingest_camera, fingerprint), TEXT(msg_ingest_camera, tls_name),
		TEXT(msg_ingest_camera, onvif_host), TEXT(msg_ingest_camera, onvif_url), INT(msg_ingest_camera, segment_ms),
		INT(msg_ingest_camera, longest_s), END}},
	[MSG_RING_STORE] = {"ring-store", FIELDS{BOOL(msg_ring_store, goes_on), END}},
	[MSG_RING_TRANSCODE] = {"ring-transcode", FIELDS{INT(msg_ring_transcode, camera), BOOL(msg_ring_transcode, pictures), END}},
	[MSG_DIAL] = {"dial", FIELDS{INT(msg_dial, camera), INT(msg_dial, what), END}},
	[MSG_DIALED] = {"dialed", FIELDS{INT(msg_dialed, camera), INT(msg_dialed, what), INT(msg_dialed, error), END}},
	[MSG_UDP_OPEN] = {"udp-open", FIELDS{INT(msg_udp_open, camera), INT(msg_udp_open, track), END}},
	[MSG_UDP_OPENED] = {"udp-opened", FIELDS{
		INT(msg_udp_opened, camera), INT(msg_udp_opened, track), INT(msg_udp_opened, error), INT(msg_udp_opened, port), END}},
	[MSG_UDP_CONNECT] = {"udp-connect", FIELDS{
		INT(msg_udp_connect, camera), INT(msg_udp_connect, track), INT(msg_udp_connect, rtp_port), INT(msg_udp_connect, rtcp_port), END}},
	[MSG_UDP_CONNECTED] = {"udp-connected", FIELDS{
		INT(msg_udp_connected, camera), INT(msg_udp_connected, track), INT(msg_udp_connected, error), INT(msg_udp_connected, room), END}},
	[MSG_UDP_CLOSE] = {"udp-close", FIELDS{INT(msg_udp_close, camera), END}},
	[MSG_CAMERA_STATE] = {"camera-state", FIELDS{
		INT(msg_camera_state, camera), INT(msg_camera_state, phase), INT(msg_camera_state, why), INT(msg_camera_state, video),
		INT(msg_camera_state, audio), INT(msg_camera_state, width), INT(msg_camera_state, height), INT(msg_camera_state, profile),
		INT(msg_camera_state, level), INT(msg_camera_state, fps_milli), INT(msg_camera_state, rate_bps),
		INT(msg_camera_state, transport), BOOL(msg_camera_state, tls), INT(msg_camera_state, since_us),
		INT(msg_camera_state, key_interval_ms), INT(msg_camera_state, key_us), INT(msg_camera_state, clock),
		INT(msg_camera_state, clock_offset_us), INT(msg_camera_state, clock_error_ms),
		INT(msg_camera_state, access_units), INT(msg_camera_state, packets), INT(msg_camera_state, lost),
		INT(msg_camera_state, reordered), INT(msg_camera_state, duplicates), INT(msg_camera_state, mended),
		INT(msg_camera_state, reconnects), INT(msg_camera_state, key_requests), INT(msg_camera_state, dropped_camera),
		INT(msg_camera_state, dropped_network), INT(msg_camera_state, dropped_ring),
		INT(msg_camera_state, retry_ms), TEXT(msg_camera_state, detail), TEXT(msg_camera_state, left_out), INT(msg_camera_state, longest_s),
		INT(msg_camera_state, pace_milli), INT(msg_camera_state, segment_ms),
		INT(msg_camera_state, dropped_store), END}},
	[MSG_CAMERA_GONE] = {"camera-gone", FIELDS{INT(msg_camera_gone, camera), END}},
	[MSG_CAMERA_OFFER] = {"camera-offer", FIELDS{
		INT(msg_camera_offer, camera), INT(msg_camera_offer, login), INT(msg_camera_offer, signs), INT(msg_camera_offer, quirks),
		TEXT(msg_camera_offer, media), END}},
	[MSG_TRANSCODE_CAMERA] = {"transcode-camera", FIELDS{
		INT(msg_transcode_camera, camera), TEXT(msg_transcode_camera, name), TEXT(msg_transcode_camera, site),
		BOOL(msg_transcode_camera, sound), BOOL(msg_transcode_camera, overlay), INT(msg_transcode_camera, denoise),
		INT(msg_transcode_camera, cpu), INT(msg_transcode_camera, look_s), BLOB(msg_transcode_camera, masks), END}},
	[MSG_TRANSCODE_RENDITION] = {"transcode-rendition", FIELDS{
		INT(msg_transcode_rendition, rendition), TEXT(msg_transcode_rendition, name), INT(msg_transcode_rendition, width),
		INT(msg_transcode_rendition, height), INT(msg_transcode_rendition, fps), INT(msg_transcode_rendition, bitrate_bps),
		INT(msg_transcode_rendition, crf), INT(msg_transcode_rendition, latency), INT(msg_transcode_rendition, profile),
		INT(msg_transcode_rendition, priority), BOOL(msg_transcode_rendition, on_demand), BOOL(msg_transcode_rendition, sign), END}},
	[MSG_TRANSCODE_RINGS] = {"transcode-rings", FIELDS{END}},
	[MSG_RENDITION_RUN] = {"rendition-run", FIELDS{
		INT(msg_rendition_run, camera), INT(msg_rendition_run, rendition), BOOL(msg_rendition_run, run), END}},
	[MSG_WORKER_STATE] = {"worker-state", FIELDS{
		INT(msg_worker_state, camera), INT(msg_worker_state, scene), INT(msg_worker_state, scene_now), INT(msg_worker_state, looked), INT(msg_worker_state, step), INT(msg_worker_state, cpu),
		INT(msg_worker_state, no_picture_since_us), INT(msg_worker_state, pictures), INT(msg_worker_state, errors),
		INT(msg_worker_state, skipped), INT(msg_worker_state, behind), INT(msg_worker_state, refused), END}},
	[MSG_WORKER_RENDITION] = {"worker-rendition", FIELDS{
		INT(msg_worker_rendition, camera), INT(msg_worker_rendition, rendition), BOOL(msg_worker_rendition, running),
		BOOL(msg_worker_rendition, given_up), INT(msg_worker_rendition, fps_step), INT(msg_worker_rendition, encoded),
		INT(msg_worker_rendition, same), INT(msg_worker_rendition, behind), INT(msg_worker_rendition, signed_gops),
		INT(msg_worker_rendition, unsigned_gops), END}},
	[MSG_SEI_ASK] = {"sei-ask", FIELDS{
		INT(msg_sei_ask, camera), INT(msg_sei_ask, rendition), INT(msg_sei_ask, gop), INT(msg_sei_ask, nals), INT(msg_sei_ask, start_us),
		INT(msg_sei_ask, end_us), BYTES(msg_sei_ask, hash), BYTES(msg_sei_ask, linked), TEXT(msg_sei_ask, camera_name),
		TEXT(msg_sei_ask, rendition_name), END}},
	[MSG_SEI] = {"sei", FIELDS{
		INT(msg_sei, camera), INT(msg_sei, rendition), INT(msg_sei, gop), INT(msg_sei, start_us), BLOB(msg_sei, nal), END}},
	[MSG_STORE_SITE] = {"store-site", FIELDS{
		TEXT(msg_store_site, origin), TEXT(msg_store_site, program), BYTES(msg_store_site, site_sha256),
		BYTES(msg_store_site, sbom_sha256), BYTES(msg_store_site, binary_sha256),
		INT(msg_store_site, archive_max_bytes), INT(msg_store_site, cameras), INT(msg_store_site, ingests), END}},
	[MSG_STORE_CAMERA] = {"store-camera", FIELDS{INT(msg_store_camera, camera), TEXT(msg_store_camera, name), END}},
	[MSG_STORE_RENDITION] = {"store-rendition", FIELDS{
		INT(msg_store_rendition, camera), INT(msg_store_rendition, rendition), TEXT(msg_store_rendition, name),
		BOOL(msg_store_rendition, hidden), BOOL(msg_store_rendition, gone), END}},
	[MSG_STORE_ENCODER] = {"store-encoder", FIELDS{
		INT(msg_store_encoder, camera), INT(msg_store_encoder, rendition), TEXT(msg_store_encoder, encoder),
		TEXT(msg_store_encoder, settings), END}},
	[MSG_CAMERA_TAKEN] = {"camera-taken", FIELDS{INT(msg_camera_taken, camera), END}},
	[MSG_STORE_CONFIG] = {"store-config", FIELDS{
		BYTES(msg_store_config, site_sha256), INT(msg_store_config, archive_max_bytes), INT(msg_store_config, changes),
		TEXT(msg_store_config, change), END}},
	[MSG_EXPORT] = {"export", FIELDS{
		TEXT(msg_export, user), TEXT(msg_export, camera), TEXT(msg_export, rendition), INT(msg_export, from_us), INT(msg_export, to_us),
		INT(msg_export, segments), INT(msg_export, bytes), TEXT(msg_export, beside), INT(msg_export, beside_segments),
		INT(msg_export, beside_bytes), END}},
	[MSG_RING_FROM] = {"ring-from", FIELDS{INT(msg_ring_from, role), INT(msg_ring_from, index), END}},
	[MSG_STORE_STATE] = {"store-state", FIELDS{
		INT(msg_store_state, entries), INT(msg_store_state, checkpoint_size), INT(msg_store_state, archive_bytes),
		INT(msg_store_state, disk_free_bytes), INT(msg_store_state, segments), INT(msg_store_state, gaps),
		INT(msg_store_state, dropped), INT(msg_store_state, queue), INT(msg_store_state, checkpoint_us),
		TEXT(msg_store_state, alarm), END}},
	[MSG_RENDITION_STATE] = {"rendition-state", FIELDS{
		INT(msg_rendition_state, camera), INT(msg_rendition_state, rendition), INT(msg_rendition_state, oldest),
		INT(msg_rendition_state, newest), INT(msg_rendition_state, bytes), INT(msg_rendition_state, dropped_disk),
		INT(msg_rendition_state, newest_end_us),
		INT(msg_rendition_state, rate_bps), END}},
	[MSG_METRICS] = {"metrics", FIELDS{
		BOOL(msg_metrics, ready), TEXT(msg_metrics, why), INT(msg_metrics, open_bytes), INT(msg_metrics, text_bytes), BYTES(msg_metrics, open_sha256),
		BYTES(msg_metrics, text_sha256), END}},
	[MSG_ALARM] = {"alarm", FIELDS{
		INT(msg_alarm, camera), INT(msg_alarm, kind), BOOL(msg_alarm, begin), INT(msg_alarm, at_us), TEXT(msg_alarm, detail), END}},
	[MSG_STORE_POLICY] = {"store-policy", FIELDS{BLOB(msg_store_policy, text), END}},
	[MSG_WITNESS_STATE] = {"witness-state", FIELDS{
		BOOL(msg_witness_state, met), INT(msg_witness_state, size), INT(msg_witness_state, quorum_us), INT(msg_witness_state, newest_us),
		BLOB(msg_witness_state, seen), END}},
	[MSG_SIGN_SITE] = {"sign-site", FIELDS{
		TEXT(msg_sign_site, origin), BOOL(msg_sign_site, has_next), BOOL(msg_sign_site, has_checkpoint), TEXT(msg_sign_site, certifier),
		BLOB(msg_sign_site, note), TEXT(msg_sign_site, next_certifier), BLOB(msg_sign_site, next_note), END}},
	[MSG_SIGN_MEDIA] = {"sign-media", FIELDS{END}},
	[MSG_SIGN_HELLO] = {"sign-hello", FIELDS{
		INT(msg_sign_hello, size), BYTES(msg_sign_hello, root), TEXT(msg_sign_hello, vkey), TEXT(msg_sign_hello, certifier),
		TEXT(msg_sign_hello, next), INT(msg_sign_hello, next_us), END}},
	[MSG_LEAVES] = {"leaves", FIELDS{INT(msg_leaves, first), BLOB(msg_leaves, hashes), END}},
	[MSG_CHECKPOINT] = {"checkpoint", FIELDS{INT(msg_checkpoint, size), BLOB(msg_checkpoint, note), END}},
	[MSG_KEY_NOTE] = {"key-note", FIELDS{TEXT(msg_key_note, vkey), INT(msg_key_note, size), BLOB(msg_key_note, note), END}},
	[MSG_KEY_KEPT] = {"key-kept", FIELDS{TEXT(msg_key_kept, vkey), END}},
	[MSG_SIGN_STATE] = {"sign-state", FIELDS{
		INT(msg_sign_state, size), INT(msg_sign_state, signed_us), TEXT(msg_sign_state, vkey), TEXT(msg_sign_state, refusal), END}},
	[MSG_SERVE_SITE] = {"serve-site", FIELDS{
		TEXT(msg_serve_site, origin), TEXT(msg_serve_site, version), INT(msg_serve_site, cameras), INT(msg_serve_site, users),
		INT(msg_serve_site, index), END}},
	[MSG_SERVE_LISTENER] = {"serve-listener", FIELDS{INT(msg_serve_listener, listener), INT(msg_serve_listener, kind), END}},
	[MSG_SERVE_USER] = {"serve-user", FIELDS{
		INT(msg_serve_user, user), INT(msg_serve_user, version), BOOL(msg_serve_user, gone), BOOL(msg_serve_user, all),
		TEXT(msg_serve_user, name), TEXT(msg_serve_user, password_hash), BOOL(msg_serve_user, has_sha256), BOOL(msg_serve_user, has_md5),
		BYTES(msg_serve_user, ha1_sha256), BYTES(msg_serve_user, ha1_md5), INT(msg_serve_user, expires_us), BLOB(msg_serve_user, rules),
		TEXT(msg_serve_user, certificate), END}},
	[MSG_SERVE_CAMERA] = {"serve-camera", FIELDS{INT(msg_serve_camera, camera), TEXT(msg_serve_camera, name), INT(msg_serve_camera, segment_ms),
		BOOL(msg_serve_camera, no_copy), END}},
	[MSG_SERVE_RENDITION] = {"serve-rendition", FIELDS{
		INT(msg_serve_rendition, camera), INT(msg_serve_rendition, rendition), TEXT(msg_serve_rendition, name),
		INT(msg_serve_rendition, width), INT(msg_serve_rendition, height), INT(msg_serve_rendition, fps),
		INT(msg_serve_rendition, bitrate_bps), INT(msg_serve_rendition, profile), BOOL(msg_serve_rendition, on_demand),
		BOOL(msg_serve_rendition, gone), END}},
	[MSG_SERVE_VKEY] = {"serve-vkey", FIELDS{TEXT(msg_serve_vkey, vkey), END}},
	[MSG_SERVE_CERTIFICATE] = {"serve-certificate", FIELDS{END}},
	[MSG_SESSION] = {"session", FIELDS{
		BYTES(msg_session, token_sha256), INT(msg_session, user), INT(msg_session, version), INT(msg_session, begun_us),
		INT(msg_session, expires_us), TEXT(msg_session, address), END}},
	[MSG_LOGIN] = {"login", FIELDS{
		INT(msg_login, user), BOOL(msg_login, accepted), INT(msg_login, count), TEXT(msg_login, address),
		BOOL(msg_login, certificate), END}},
	[MSG_LOGIN_ENTRY] = {"login-entry", FIELDS{
		TEXT(msg_login_entry, user), TEXT(msg_login_entry, address), BOOL(msg_login_entry, accepted), INT(msg_login_entry, count),
		INT(msg_login_entry, at_us), BOOL(msg_login_entry, certificate), END}},
	[MSG_SESSION_END] = {"session-end", FIELDS{BYTES(msg_session_end, token_sha256), END}},
	[MSG_SERVE_STATE] = {"serve-state", FIELDS{
		INT(msg_serve_state, connections), INT(msg_serve_state, viewers), INT(msg_serve_state, held),
		INT(msg_serve_state, requests_http1), INT(msg_serve_state, requests_http2), INT(msg_serve_state, requests_rtsp),
		INT(msg_serve_state, refused), INT(msg_serve_state, bytes_out), INT(msg_serve_state, slow_closed),
		INT(msg_serve_state, refused_address), INT(msg_serve_state, refused_user), INT(msg_serve_state, refused_login),
		INT(msg_serve_state, refused_demand), INT(msg_serve_state, rtsp_dropped),
		INT(msg_serve_state, closed_handshake), INT(msg_serve_state, closed_request), INT(msg_serve_state, closed_slow),
		INT(msg_serve_state, closed_starved), INT(msg_serve_state, closed_idle), END}},
	[MSG_WATCHED] = {"watched", FIELDS{
		INT(msg_watched, camera), INT(msg_watched, rendition), INT(msg_watched, chunk_ms), END}},
	[MSG_PART_LENGTH] = {"part-length", FIELDS{
		INT(msg_part_length, camera), INT(msg_part_length, rendition), INT(msg_part_length, chunk_ms), INT(msg_part_length, part_ms), END}},
	[MSG_LOOK] = {"look", FIELDS{INT(msg_look, camera), INT(msg_look, every_s), END}},
	[MSG_TRACK] = {"track", FIELDS{
		INT(msg_track, camera), INT(msg_track, rendition), BYTES(msg_track, init_sha256), INT(msg_track, codec),
		INT(msg_track, width), INT(msg_track, height), INT(msg_track, timescale), INT(msg_track, rate),
		INT(msg_track, channels), INT(msg_track, profile), INT(msg_track, level), INT(msg_track, compat), INT(msg_track, constraints), END}},
	[MSG_SEGMENT] = {"segment", FIELDS{
		INT(msg_segment, camera), INT(msg_segment, rendition), INT(msg_segment, number), INT(msg_segment, discontinuity),
		BOOL(msg_segment, independent), INT(msg_segment, start_us), INT(msg_segment, duration), INT(msg_segment, timescale),
		INT(msg_segment, bytes), BYTES(msg_segment, sha256), BYTES(msg_segment, init_sha256), INT(msg_segment, entry),
		INT(msg_segment, period_us), INT(msg_segment, period_media_us), INT(msg_segment, decode_time), END}},
	[MSG_PART] = {"part", FIELDS{
		INT(msg_part, camera), INT(msg_part, rendition), INT(msg_part, number), INT(msg_part, tag), INT(msg_part, discontinuity),
		INT(msg_part, part), BOOL(msg_part, ends), BOOL(msg_part, last), BOOL(msg_part, independent), INT(msg_part, start_us),
		INT(msg_part, duration), INT(msg_part, timescale), INT(msg_part, offset), INT(msg_part, bytes), INT(msg_part, target_ms),
		BOOL(msg_part, final), BYTES(msg_part, sha256), BYTES(msg_part, init_sha256), END}},
	[MSG_OLDEST] = {"oldest", FIELDS{INT(msg_oldest, camera), INT(msg_oldest, rendition), INT(msg_oldest, number), END}},
	[MSG_WANT] = {"want", FIELDS{
		INT(msg_want, request), INT(msg_want, kind), INT(msg_want, camera), INT(msg_want, rendition), INT(msg_want, number),
		INT(msg_want, level), INT(msg_want, width), BYTES(msg_want, init_prefix),
		INT(msg_want, from_us), INT(msg_want, to_us), END}},
	[MSG_HAVE] = {"have", FIELDS{
		INT(msg_have, request), INT(msg_have, status), INT(msg_have, bytes), BYTES(msg_have, sha256), END}},
	[MSG_CLIP_MAKE] = {"clip-make", FIELDS{
		INT(msg_clip_make, request), TEXT(msg_clip_make, user), TEXT(msg_clip_make, camera), TEXT(msg_clip_make, rendition),
		BOOL(msg_clip_make, audio), INT(msg_clip_make, from_us), INT(msg_clip_make, to_us), END}},
	[MSG_CLIP_NEXT] = {"clip-next", FIELDS{INT(msg_clip_next, request), END}},
	[MSG_CLIP_END] = {"clip-end", FIELDS{INT(msg_clip_end, request), END}},
	[MSG_CLIP_PIECE] = {"clip-piece", FIELDS{
		INT(msg_clip_piece, request), INT(msg_clip_piece, status), INT(msg_clip_piece, total), INT(msg_clip_piece, bytes),
		BYTES(msg_clip_piece, sha256), TEXT(msg_clip_piece, name), TEXT(msg_clip_piece, why), END}},
	[MSG_COSIGNATURE] = {"cosignature", FIELDS{INT(msg_cosignature, request), BLOB(msg_cosignature, note), END}},
	[MSG_COSIGNED] = {"cosigned", FIELDS{INT(msg_cosigned, request), INT(msg_cosigned, result), END}},
	[MSG_LOG_NOTE] = {"log-note", FIELDS{INT(msg_log_note, what), BLOB(msg_log_note, note), END}},
	[MSG_VIEWING] = {"viewing", FIELDS{
		INT(msg_viewing, user), INT(msg_viewing, camera), INT(msg_viewing, renditions), INT(msg_viewing, by), TEXT(msg_viewing, address),
		INT(msg_viewing, from_number), INT(msg_viewing, to_number), INT(msg_viewing, bytes), INT(msg_viewing, from_us), INT(msg_viewing, to_us), END}},
	[MSG_WATCH_ENTRY] = {"watch-entry", FIELDS{
		TEXT(msg_watch_entry, user), TEXT(msg_watch_entry, camera), TEXT(msg_watch_entry, address), INT(msg_watch_entry, by),
		TEXT(msg_watch_entry, renditions), INT(msg_watch_entry, from_number), INT(msg_watch_entry, to_number), INT(msg_watch_entry, bytes),
		INT(msg_watch_entry, from_us), INT(msg_watch_entry, to_us), END}},
	[MSG_TURN_ASK] = {"turn-ask", FIELDS{TEXT(msg_turn_ask, vkey), INT(msg_turn_ask, time_us), INT(msg_turn_ask, size), END}},
	[MSG_TURN] = {"turn", FIELDS{BLOB(msg_turn, note), END}},
	[MSG_SHARE] = {"share", FIELDS{
		INT(msg_share, share), INT(msg_share, camera), INT(msg_share, user), INT(msg_share, version), BOOL(msg_share, gone), TEXT(msg_share, id),
		BYTES(msg_share, token_sha256), INT(msg_share, from_us), INT(msg_share, to_us), INT(msg_share, expires_us), END}},
	[MSG_QUESTION] = {"question", FIELDS{
		INT(msg_question, request), INT(msg_question, what), INT(msg_question, user), BOOL(msg_question, all), TEXT(msg_question, words), END}},
	[MSG_ANSWER] = {"answer", FIELDS{
		INT(msg_answer, request), INT(msg_answer, result), INT(msg_answer, bytes), BYTES(msg_answer, sha256), TEXT(msg_answer, why), END}},
};

void msg_put_mask(struct msg_transcode_camera *m, const struct site_mask *mask)
{
	struct wr w = wr_init(m->masks + m->masks_len, sizeof m->masks - m->masks_len);

	wr_u16(&w, (uint16_t)mask->x);
	wr_u16(&w, (uint16_t)mask->y);
	wr_u16(&w, (uint16_t)mask->width);
	wr_u16(&w, (uint16_t)mask->height);
	wr_u8(&w, (uint8_t)mask->style);
	if (!w.bad)
		m->masks_len += MSG_MASK_BYTES;
}

bool msg_get_mask(const struct msg_transcode_camera *m, unsigned i, struct site_mask *ret)
{
	struct rd r = rd_init(m->masks, m->masks_len);
	struct site_mask mask = {0};

	rd_bytes(&r, (size_t)i * MSG_MASK_BYTES);
	mask.x = rd_u16(&r);
	mask.y = rd_u16(&r);
	mask.width = rd_u16(&r);
	mask.height = rd_u16(&r);
	mask.style = (enum site_style)rd_u8(&r);
	if (!r.bad)
		*ret = mask;
	return !r.bad;
}

void msg_put_witness(struct msg_witness_state *m, uint64_t size, int64_t time_us)
{
	struct wr w = wr_init(m->seen + m->seen_len, sizeof m->seen - m->seen_len);

	wr_u64(&w, size);
	wr_u64(&w, (uint64_t)time_us);
	if (!w.bad)
		m->seen_len += MSG_WITNESS_BYTES;
}

bool msg_get_witness(const struct msg_witness_state *m, unsigned i, uint64_t *ret_size, int64_t *ret_time_us)
{
	struct rd r = rd_init(m->seen, m->seen_len);
	uint64_t size, time_us;

	rd_bytes(&r, (size_t)i * MSG_WITNESS_BYTES);
	size = rd_u64(&r);
	time_us = rd_u64(&r);
	if (r.bad)
		return false;
	*ret_size = size;
	*ret_time_us = (int64_t)time_us;
	return true;
}

const char *msg_alarm_name(unsigned kind)
{
	static const char *const name[ALARM_KINDS] = {
		[ALARM_OVERLOAD] = "overload", [ALARM_WORKER] = "worker", [ALARM_BLACK] = "black", [ALARM_FROZEN] = "frozen",
		[ALARM_COVERED] = "covered", [ALARM_NO_PICTURE] = "no-picture", [ALARM_DOWN] = "down", [ALARM_SILENT] = "silent",
		[ALARM_LATE] = "late", [ALARM_CLOCK] = "clock", [ALARM_SITE_CLOCK] = "clock", [ALARM_DISK] = "disk", [ALARM_RETENTION] = "retention",
		[ALARM_ARCHIVE] = "archive", [ALARM_SIGN] = "sign", [ALARM_CERTIFICATE] = "certificate", [ALARM_WITNESS] = "witness",
		[ALARM_RESTARTING] = "restarting"};

	return kind < ALARM_KINDS ? name[kind] : "?";
}

const char *msg_name(unsigned type)
{
	return type < MSG_TYPE_COUNT && layout[type].name ? layout[type].name : "?";
}

/* Members are copied through integers of their own size; signed ones keep their bits. */
static uint64_t load_int(const uint8_t *at, uint32_t size)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < size; i++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		v |= (uint64_t)at[i] << 8 * i;
#else
		v = v << 8 | at[i];
#endif
	}
	return v;
}

static void store_int(uint8_t *at, uint32_t size, uint64_t v)
{
	for (uint32_t i = 0; i < size; i++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		at[i] = (uint8_t)(v >> 8 * i);
#else
		at[i] = (uint8_t)(v >> 8 * (size - 1 - i));
#endif
	}
}

static void encode_field(struct wr *w, const struct field *f, const uint8_t *body)
{
	const uint8_t *at = body + f->offset;
	uint16_t len;

	switch (f->kind) {
	case F_INT:
		wr_be(w, load_int(at, f->size), f->size);
		break;
	case F_BOOL:
		wr_u8(w, *at != 0);
		break;
	case F_BYTES:
		wr_bytes(w, at, f->size);
		break;
	case F_TEXT:
		len = (uint16_t)strnlen((const char *)at, f->size - 1);
		wr_u16(w, len);
		wr_bytes(w, at, len);
		break;
	case F_BLOB:
		memcpy(&len, body + f->len_offset, sizeof len);
		if (len > f->size) {
			w->bad = true;
			break;
		}
		wr_u16(w, len);
		wr_bytes(w, at, len);
		break;
	case F_END:
		break;
	}
}

void msg_encode(struct wr *w, enum msg_type type, const void *body)
{
	wr_u16(w, (uint16_t)type);
	for (const struct field *f = layout[type].fields; f->kind != F_END; f++)
		encode_field(w, f, body);
}

static bool decode_field(struct rd *r, const struct field *f, uint8_t *body)
{
	uint8_t *at = body + f->offset;
	const uint8_t *p;
	uint64_t v;
	uint16_t len;

	switch (f->kind) {
	case F_INT:
		store_int(at, f->size, rd_be(r, f->size));
		return !r->bad;
	case F_BOOL:
		v = rd_u8(r);
		*at = v == 1;
		return !r->bad && v <= 1;
	case F_BYTES:
		p = rd_bytes(r, f->size);
		if (p)
			memcpy(at, p, f->size);
		return p != NULL;
	case F_TEXT:
		len = rd_u16(r);
		p = rd_bytes(r, len);
		if (!p || len >= f->size || memchr(p, 0, len))
			return false;
		memcpy(at, p, len);
		at[len] = 0;
		return true;
	case F_BLOB:
		len = rd_u16(r);
		p = rd_bytes(r, len);
		if (!p || len > f->size)
			return false;
		memcpy(at, p, len);
		memcpy(body + f->len_offset, &len, sizeof len);
		return true;
	case F_END:
		break;
	}
	return false;
}

int msg_decode(const uint8_t *p, size_t n, enum msg_type *ret_type, union msg_body *ret)
{
	struct rd r = rd_init(p, n);
	unsigned type = rd_u16(&r);

	if (r.bad || type >= MSG_TYPE_COUNT || !layout[type].fields)
		return -EBADMSG;
	for (const struct field *f = layout[type].fields; f->kind != F_END; f++)
		if (!decode_field(&r, f, (uint8_t *)ret))
			return -EBADMSG;
	if (rd_left(&r))
		return -EBADMSG;
	*ret_type = (enum msg_type)type;
	return 0;
}
