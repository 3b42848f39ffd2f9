/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays the fixtures of tests/net/dialects (README there) over real sockets: the answers are the file's, and once PLAY
 * was answered the tracks that it described are sent. `node dialect.mjs FILE…` prints their settings as JSON.
 */
import {readFileSync} from "node:fs";
import {basename} from "node:path";
import {argv} from "node:process";
import {setTimeout as wait} from "node:timers/promises";
import {fileURLToPath} from "node:url";

import {digestIsRight} from "./auth.mjs";
import {media} from "./media.mjs";
import {h264, payloads} from "./rtp.mjs";

/* POSIX classes, which are all that JavaScript's expressions lack here. */
const regex = (text) => new RegExp(text.replace(/\[:(\w+):\]/g, (_, name) => ({alnum: "A-Za-z0-9", digit: "0-9", xdigit: "0-9A-Fa-f", space: "\\s"})[name]));

/* {name, settings: {about, url, login, transport, config, ends, tracks, …}, sections: [{method, must, never, lines}]} */
export function readDialect(file) {
	const settings = {url: "/cam", transport: "tcp", config: "", ends: "playing", tracks: "H264 -"};
	const sections = [];
	let inAnswer = false;

	for (const line of readFileSync(file, "utf8").replace(/\n$/, "").split("\n")) {
		const [word] = line.split(" ", 1);
		const rest = line.slice(word.length + 1);

		if (word === ">>>") {
			sections.push({method: rest.trim(), must: [], never: [], lines: []});
			inAnswer = false;
		} else if (inAnswer) {
			sections.at(-1).lines.push(line);
		} else if (word === "<<<") {
			inAnswer = true;
		} else if (word === "must" || word === "never") {
			sections.at(-1)[word].push(regex(rest));
		} else if (word === "@") {
			const [key] = rest.split(" ", 1);

			settings[key] = rest.slice(key.length + 1);
		}
	}
	return {name: basename(file, ".rtsp"), settings, sections};
}

/* The answer in pieces: bytes to be sent, {wait: ms} or {close: true}. */
function pieces(section, values, end) {
	const blank = section.lines.indexOf("");
	const fill = (text) => text.replace(/\{([A-Z_]+)\}/g, (all, name) => values[name] ?? all);
	const all = [];
	let body = 0;

	for (const [i, line] of section.lines.entries()) {
		const special = /^\{(FRAME|HEX|WAIT|CLOSE)(?: ([^}]*))?\}$/.exec(line);

		if (!special) {
			const bytes = Buffer.from(`${fill(line)}${end}`, "latin1");

			if (blank >= 0 && i > blank)
				body += bytes.length;
			all.push({line: `${line}${end}`});
			continue;
		}
		const words = (special[2] ?? "").split(" ");

		switch (special[1]) {
		case "FRAME": {
			const [channel, n] = words.map(Number);
			const packet = Buffer.alloc(4 + n);

			packet.set([0x24, channel, n >> 8, n & 0xff, 0x80, 96].slice(0, 4 + n));
			all.push({bytes: packet});
			break;
		}
		case "HEX":
			all.push({bytes: Buffer.from(words.join(""), "hex")});
			break;
		case "WAIT":
			all.push({wait: Number(words[0])});
			break;
		default:
			all.push({close: true});
		}
	}
	values.LENGTH = body;
	return all.map((p) => (p.line ? {bytes: Buffer.from(fill(p.line), "latin1")} : p));
}

/* The media of an SDP: [{kind, pt, name, rate, control}] */
function readSdp(text) {
	const all = [];

	for (const line of text.split(/\r?\n/)) {
		const m = /^m=(\w+) \S+ \S+ (\d+)/.exec(line);

		if (m)
			all.push({kind: m[1], pt: Number(m[2]), name: {0: "PCMU", 8: "PCMA"}[m[2]] ?? "", rate: 8000, control: ""});
		const map = /^a=rtpmap:\s*(\d+)\s+([^/\s]+)\/(\d+)/.exec(line), control = /^a=control:\s*(\S+)/.exec(line);

		if (map && all.length && Number(map[1]) === all.at(-1).pt)
			Object.assign(all.at(-1), {name: map[2].toUpperCase(), rate: Number(map[3])});
		if (control && all.length)
			all.at(-1).control = control[1];
	}
	return all;
}

const codecs = {H264: "h264", H265: "h265", "MPEG4-GENERIC": "aac", PCMU: "pcmu", PCMA: "pcma", "G726-32": "g726-32", L16: "l16"};

const isSet = (nal) => [7, 8].includes(nal[0] & 31);
const startCode = Buffer.from([0, 0, 0, 1]);
/* The payloads of an H.264 picture whose NAL units go through change first. */
const ofNals = (change) => (m, i) => (m.codec === "h264" ? change(m.pictures[i].nals, i).flatMap((p) => (Array.isArray(p) ? p : h264(p))) : payloads(m, i));

/* What else than RFC 6184 wants cameras make of H.264, by the word in "@ media". For a Sender. */
const odd = {
	/* A picture's NAL units are one, with start codes between them; every other picture begins with one. */
	"annex-b": {payloads: ofNals((nals, i) => [Buffer.concat(nals.flatMap((n, k) => (k || i % 2 ? [startCode, n] : [n])))])},
	/* Each packet says that it is the picture's last, those of parameter sets and SEI too. */
	marked: {marked: true},
	/* From a NAL unit's second fragment on its type is another one. */
	"other-types": {payloads: (m, i) => payloads(m, i).map((p) => ((p[0] & 31) === 28 && !(p[1] & 0x80) ? Buffer.concat([Buffer.from([p[0], p[1] & 0xc0 | 1]), p.subarray(2)]) : p))},
	/* Parameter sets come together (5.7.1). */
	aggregates: {payloads: ofNals((nals) => {
		const sets = nals.filter(isSet).flatMap((n) => [Buffer.from([n.length >> 8, n.length & 0xff]), n]);

		return [...(sets.length ? [[Buffer.concat([Buffer.from([24]), ...sets])]] : []), ...nals.filter((n) => !isSet(n))];
	})},
	/* Bytes that mean nothing stand behind the first, zeros behind both. */
	"sets-with-more": {payloads: ofNals((nals) => nals.map((n) => (isSet(n) ? Buffer.concat([n, Buffer.from((n[0] & 31) === 7 ? [0x2a, 0x2a, 0, 0] : [0, 0])]) : n)))},
};

/* Functions for a camera whose options name a dialect; options.clips: {h264: "FILE", "aac/16000": "FILE", …}. */
export function dialect(options) {
	const {settings, sections} = readDialect(options.dialect);
	const [user, password] = (settings.login ?? "").split(" ");

	/* Which of the described media a SETUP means: by its control; by its turn where that does not tell. */
	const wanted = (session, uri) => {
		const found = session.described.findIndex((m) => m.control && m.control !== "*" && uri.endsWith(m.control.replace(/^rtsp:\/\/[^/]*/, "")));

		return found >= 0 ? found : session.tracks.length;
	};

	const setUp = async (session, request, values) => {
		const index = wanted(session, request.uri);
		const m = session.described[index];
		const codec = codecs[m.name];
		const clip = options.clips[codec] ?? options.clips[`${codec}/${m.rate}`];
		const channels = /interleaved=(\d+)-(\d+)/, ports = /client_port=(\d+)-(\d+)/.exec(request.headers.transport ?? "");

		if (ports) {
			await session.setUpUdp(index, ports);
			values.SERVER_PORT = session.serverPorts.join("-");
		}
		session.camera.media[index] = {media: clip ? media(`${codec}:${clip}`) : null, pt: m.pt};
		/* The answer's channels count, where it names some. */
		return (text) => {
			const said = channels.exec(text) ?? channels.exec(request.headers.transport ?? "");

			if (!ports && said && /RTSP\/1\.0 200/.test(text))
				session.setUpTcp(index, said);
		};
	};

	return {
		sender: odd[settings.media],

		connected(session) {
			session.step = 0;
			session.described = [];
			session.playAnswered = false;
		},

		async request(session, request) {
			const section = sections[session.step];
			const values = {CSEQ: request.headers.cseq, BASE: `rtsp://${session.camera.address}:${session.camera.port}`,
				HOST: `${session.camera.address}:${session.camera.port}`, SESSION: "6a1c90f2",
				CHANNELS: /interleaved=([\d-]+)/.exec(request.headers.transport ?? "")?.[1],
				CLIENT_PORT: /client_port=([\d-]+)/.exec(request.headers.transport ?? "")?.[1]};

			if (!section || section.method !== request.method) {
				if (!session.playAnswered && section)
					session.log("mismatch", {wanted: section.method, came: request.method});
				if (request.method === "TEARDOWN")
					session.stop();
				session.write(`RTSP/1.0 200 OK\r\nCSeq: ${values.CSEQ}\r\n\r\n`);
				return true;
			}
			const lines = request.text.split("\r\n");

			for (const r of section.must.filter((r) => !lines.some((l) => r.test(l))))
				session.log("mismatch", {must: r.source});
			for (const r of section.never.filter((r) => lines.some((l) => r.test(l))))
				session.log("mismatch", {never: r.source});
			if (/^digest/i.test(request.headers.authorization ?? "") && !digestIsRight(request.headers.authorization, request.method, user, password))
				session.log("mismatch", {digest: request.headers.authorization});
			session.step++;
			const finish = request.method === "SETUP" ? await setUp(session, request, values) : null;
			const said = pieces(section, values, settings.lines === "lf" ? "\n" : "\r\n");
			const text = Buffer.concat(said.filter((p) => p.bytes).map((p) => p.bytes)).toString("latin1");
			const good = /RTSP\/1\.0 200/.test(text);

			if (request.method === "DESCRIBE" && good)
				session.described = readSdp(text);
			finish?.(text);
			for (const p of said) {
				if (p.bytes)
					session.write(p.bytes);
				else if (p.close)
					session.socket.end();
				else
					await wait(p.wait);
			}
			if (request.method === "PLAY" && good) {
				session.playAnswered = true;
				session.tracks = session.tracks.filter((t) => session.camera.media[t.index].media);
				session.play();
			}
			return true;
		},
	};
}

if (argv[1] === fileURLToPath(import.meta.url))
	console.log(JSON.stringify(argv.slice(2).map((file) => ({file, ...readDialect(file)})).map(({file, name, settings}) => ({file, name, ...settings}))));
