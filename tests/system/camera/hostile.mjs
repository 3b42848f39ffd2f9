/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras that mean harm. Each function takes a camera's options and returns what it does otherwise than camera.mjs:
 *   connected(session), playing(session), ended(session)
 *   request(session, request)        true: it answered by itself
 *   reply(session, request, reply)   changes {status, headers, body}
 *   sdp(lines)                       the description's lines instead
 *   sender                           options for sender.mjs
 * options.elsewhere: "ADDRESS:PORT" of a trap, where nothing may ever arrive.
 */
import {createSocket} from "node:dgram";
import {setTimeout as wait} from "node:timers/promises";

import {bye, payloads, rtpPacket, senderReport} from "./rtp.mjs";
import {dice} from "./sender.mjs";

/* Calls what() all the time that a session plays. */
function whilePlaying(everyMs, what) {
	const timers = new Map();

	return {
		playing: (session) => timers.set(session, setInterval(() => session.playing && what(session), everyMs)),
		ended: (session) => clearInterval(timers.get(session)),
	};
}

const on = (method, change) => ({reply: (session, request, reply) => request.method === method && change(reply, session, request)});
const rtcpOf = (session) => session.tracks[0].transport.rtcp;
const rtpOf = (session) => session.tracks[0].transport.rtp;
const bytes = (...list) => Buffer.from(list);
/* The next packet of the video as it should be, but for what is given. */
const packet = (session, payload, {seq = session.tracks[0].sender.seq, ...rest} = {}) => {
	const {pt, ssrc} = session.tracks[0].sender;

	return rtpPacket({pt, marker: false, seq, time: session.tracks[0].sender.time0, ssrc, ...rest}, payload);
};

const rotten = [bytes(24, 0, 2, 9, 16, 0), bytes(24, 0xff, 0xff, 1), bytes(28, 0x05, 1, 2), bytes(28, 0x45, 1, 2), bytes(28, 0xc9, 16),
	bytes(28, 0x81, 1), bytes(28, 0x06, 2), bytes(28, 0x46, 3), bytes(31), bytes(24), bytes(28)];

const rotten265 = [bytes(96, 1, 0, 3, 2, 1, 0), bytes(96, 1, 0xff, 0xff, 1), bytes(98, 1, 1, 5), bytes(98, 1, 0x41, 5), bytes(98, 1, 0xc1, 5), bytes(98, 1, 0x81, 5),
	bytes(98, 1, 0x02, 5), bytes(98, 1), bytes(98), bytes(96, 1), bytes(100, 1, 0, 0), bytes(62, 1)];

/* What a terminal, a page or a playlist would obey. */
const NASTY = "\x1b]0;owned\x07<script>alert(1)</script>\u202Egnp.exe #EXT-X-KEY:METHOD=NONE";

export const hostile = {
	redirect: ({elsewhere}) => on("DESCRIBE", (r) => Object.assign(r, {status: "302 Moved Temporarily", headers: [`Location: rtsp://${elsewhere}/x`], body: ""})),
	"redirect-setup": ({elsewhere}) => on("SETUP", (r) => Object.assign(r, {status: "301 Moved Permanently", headers: [`Location: rtsp://${elsewhere}/x`]})),
	/* RFC 2326 10.10: a request of the camera's */
	"redirect-request": ({elsewhere}) => whilePlaying(500, (s) => s.write(`REDIRECT rtsp://${elsewhere}/x RTSP/1.0\r\nCSeq: 7\r\nLocation: rtsp://${elsewhere}/x\r\n\r\n`)),
	"base-elsewhere": ({elsewhere}) => on("DESCRIBE", (r) => { r.headers[1] = `Content-Base: rtsp://${elsewhere}/`; }),
	"control-elsewhere": ({elsewhere}) => ({sdp: (lines) => lines.map((l) => l.replace("a=control:trackID", `a=control:rtsp://${elsewhere}/trackID`))}),

	/* Says that the packets come from, and shall go to, another address; listens there. */
	"udp-elsewhere": () => {
		const traps = [];

		return {
			reply(session, request, reply) {
				if (request.method !== "SETUP" || !session.serverPorts)
					return;
				reply.headers[1] += ";source=127.0.0.3;destination=127.0.0.4";
				for (const port of session.serverPorts) {
					const trap = createSocket("udp4");

					trap.on("message", () => session.log("trapped"));
					trap.on("error", () => {});
					trap.bind(port, "127.0.0.3");
					traps.push(trap);
				}
			},
			ended: () => traps.splice(0).forEach((t) => t.close()),
		};
	},

	/* Another address sends what fits in between; the own one sends other sources' packets and leaps. */
	spoof: () => {
		const forger = createSocket("udp4");
		const ready = new Promise((done) => forger.bind(0, "127.0.0.9", done));

		return whilePlaying(20, async (session) => {
			const {transport, sender} = session.tracks[0];
			const garbage = Buffer.concat([bytes(0x65), Buffer.alloc(400, 0x5a)]);

			await ready;
			/* Who comes before the camera itself is another matter. */
			if (sender.next < 5)
				return;
			forger.send(packet(session, garbage), transport.clientPorts[0], transport.to);
			forger.send(bye(sender.ssrc), transport.clientPorts[1], transport.to);
			transport.rtp(packet(session, garbage, {ssrc: sender.ssrc ^ 0x55555555}));
			transport.rtp(packet(session, garbage, {seq: sender.seq + 30000}));
		});
	},

	bye: () => whilePlaying(100, (session) => {
		const {ssrc} = session.tracks[0].sender;

		rtcpOf(session)(bye(ssrc ^ 1));
		rtcpOf(session)(bye(ssrc ^ 1, {count: 31, reasonLength: 255}));
		rtcpOf(session)(bye(ssrc ^ 2, {reasonLength: 255}));
	}),

	rtcp: () => whilePlaying(50, (session) => {
		const {ssrc} = session.tracks[0].sender;
		const send = rtcpOf(session);
		const report = {ssrc, unixMs: Date.now(), time: 1, packets: 1, octets: 1};
		const short = senderReport(report);

		send(senderReport(report));
		send(senderReport({...report, unixMs: -2208988800000}));
		send(senderReport({...report, unixMs: 2 ** 41, time: 0xffffffff}));
		send(short.subarray(0, 7));
		send(short.subarray(0, 4));
		send(Buffer.concat([bytes(0x9f, 200, 0, 6), short.subarray(4, 28)]));   /* 31 blocks that are not there */
		send(Buffer.concat([bytes(0x80, 200, 0xff, 0xff), short.subarray(4, 28)]));
		send(bytes(0x80, 200, 0, 0));
		send(Buffer.alloc(0));
	}),

	/* Header fields that lie, parameter sets that are none, aggregates and fragments without a right end: beside the true packets. */
	rtp: () => whilePlaying(20, (session) => {
		const send = rtpOf(session);
		const whole = packet(session, bytes(0x41, 1, 2, 3));
		const first = (b) => { const p = Buffer.from(whole); p[0] = b; return p; };

		send(packet(session, Buffer.alloc(0), {seq: session.tracks[0].sender.seq++}));
		send(first(0x90));                                                   /* an extension that is not there */
		send(first(0x8f));                                                   /* 15 sources that are not there */
		send(Buffer.concat([first(0xa0).subarray(0, 15), bytes(200)]));     /* more padding than packet */
		send(first(0x40));
		send(whole.subarray(0, 11));
		send(Buffer.alloc(0));
	}),

	fragments: () => ({
		/* The last picture before a key frame, which none refers to, begins with an aggregate whose last length has one byte (RFC 6184 5.7.1), and
		   fragments of one NAL with no start, with start and end at once, with another type midway. */
		sender: {payloads: (m, i) => (m.pictures[(i + 1) % m.pictures.length].key ? [...rotten, ...payloads(m, i)] : payloads(m, i))},
	}),

	/* The same by RFC 7798 4.4.2 and 4.4.3. */
	"fragments-265": () => ({
		sender: {payloads: (m, i) => (m.pictures[(i + 1) % m.pictures.length].key ? [...rotten265, ...payloads(m, i)] : payloads(m, i))},
	}),

	/* Sound that is none: headers that promise more than there is, frames of noise, packets of no length (RFC 3640 3.2). */
	sound: () => ({sender: {payloads: (m, i, n) => (m.pictures ? payloads(m, i) : [[bytes(0xff, 0xff), bytes(0, 16, 0xff, 0xf8, 1), bytes(0, 16), bytes(0), bytes(0, 0),
		Buffer.alloc(1400, 0xff), Buffer.concat([bytes(0, 16, 200 >> 5, (200 << 3) & 0xff), Buffer.alloc(200, n & 0xff)])][n % 7]])}}),
	"sound-raw": () => ({sender: {payloads: (m, i, n) => (m.pictures ? payloads(m, i) : [Buffer.alloc([0, 1, 1400, 7, 160][n % 5], n & 0xff)])}}),

	/* For the decoder: bits of the slices turned, most pictures hit. */
	mutated: () => {
		const chance = dice(17);
		const turn = (payload) => {
			const p = Buffer.from(payload);

			for (let n = 0; n < 3 && p.length > 8; n++)
				p[3 + Math.floor(chance() * (p.length - 3))] ^= 1 << Math.floor(chance() * 8);
			return p;
		};

		const isSet = (m, p) => (m.codec === "h264" ? [7, 8].includes(p[0] & 31) : [32, 33, 34].includes(p[0] >> 1 & 63));

		return {sender: {payloads: (m, i) => payloads(m, i).map((p) => (!isSet(m, p) && chance() < 0.7 ? turn(p) : p))}};
	},

	/* A fragment without an end: 6 MB/s of it. */
	endless: () => whilePlaying(10, (session) => {
		const {sender} = session.tracks[0];

		for (let n = 0; n < 42; n++)
			rtpOf(session)(packet(session, Buffer.concat([bytes(28, 0x01), Buffer.alloc(1400, 7)]), {seq: sender.seq++}));
	}),

	"unknown-only": () => ({sdp: (lines) => [...lines.slice(0, 6), "m=video 0 RTP/AVP 96", "a=rtpmap:96 AV1/90000", "a=control:trackID=0"]}),
	"unknown-too": () => ({sdp: (lines) => [...lines, "m=video 0 RTP/AVP 120", "a=rtpmap:120 AV1/90000", "a=control:trackID=7",
		"m=application 0 RTP/AVP 107", "a=rtpmap:107 SMPTE336M/90000", "a=control:trackID=8"]}),

	"bomb-size": () => ({sdp: (lines) => [...lines.slice(0, 6), ...Array(1 << 15).fill(`a=x:${"y".repeat(28)}`), ...lines.slice(6)]}),
	"bomb-media": () => ({sdp: (lines) => [...lines, ...Array(10000).fill("m=video 0 RTP/AVP 96")]}),
	"bomb-line": () => ({sdp: (lines) => [...lines, `a=x:${"y".repeat(1 << 16)}`]}),
	"bomb-nul": () => ({sdp: (lines) => lines.map((l) => l.replace("trackID", "track\0ID"))}),
	"bomb-sprop": () => ({sdp: (lines) => lines.map((l) => l.replace("sprop-parameter-sets=", `sprop-parameter-sets=${"A".repeat(1 << 20)},`))}),

	/* RFC 2326 10.12 */
	"frame-stuck": () => ({playing: (session) => setTimeout(() => {
		session.write(bytes(0x24, 0, 0xff, 0xff, 1, 2, 3));
		session.playing = false;
		session.tracks.forEach((t) => { t.sender.tick = () => {}; });
	}, 3000)}),
	"frame-odd": () => whilePlaying(100, (session) => {
		session.frame(255, Buffer.alloc(1000, 0x24));
		session.frame(7, Buffer.alloc(0));
		session.write("\r\n");
		session.write("RTSP/1.0 200 OK\r\nCSeq: 9999\r\nContent-Length: 5\r\n\r\n$\0\0\x01$");
	}),
	drip: () => ({async request(session, request) {
		for (const c of `RTSP/1.0 200 OK\r\nCSeq: ${request.headers.cseq}\r\nX: ${"y".repeat(1000)}`) {
			session.write(c);
			await wait(300);
		}
		return true;
	}}),
	/* A reply whose headers never end, as fast as they are taken. */
	flood: () => ({async request(session) {
		session.write("RTSP/1.0 200 OK\r\n");
		while (!session.socket.destroyed) {
			session.write(`X-${"y".repeat(200)}: ${"z".repeat(800)}\r\n`.repeat(16));
			await wait(2);
		}
		return true;
	}}),

	/* Not of ill will: a session that a reboot made unknown (RFC 2326 11.3.5), once. */
	"stale-session": () => {
		let done = false;

		return on("PLAY", (r) => {
			if (!done)
				Object.assign(r, {status: "454 Session Not Found", headers: []});
			done = true;
		});
	},

	strings: () => ({
		sdp: (lines) => lines.map((l) => l.replace("s=scripted", `s=${NASTY}`).replace("a=control:*", `a=control:*\r\ni=${NASTY}\r\na=tool:${NASTY}`)),
		reply: (session, request, reply) => {
			reply.headers = [...reply.headers ?? [], `Server: ${NASTY}`, `X-Nasty: ${NASTY}`];
			if (request.method === "PLAY")
				reply.headers.push(`RTP-Info: url=${NASTY};seq=x;rtptime=${NASTY}`);
		},
	}),
	/* The same in the words of a refusal. */
	"strings-refusal": () => on("DESCRIBE", (r) => Object.assign(r, {status: `404 ${NASTY}`, headers: [`Server: ${NASTY}`], body: ""})),
	"strings-long": () => on("DESCRIBE", (r) => { r.headers.push(`Server: ${"A\x1b".repeat(50 << 10)}`); }),
};
