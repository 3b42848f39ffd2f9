/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An RTSP server (RFC 2326) that does as it is told, wrong things too: one Camera a port, one Session a connection.
 * It listens on one loopback address and sends to whoever asked, by TCP or UDP. What it sees goes to log(what, fields).
 *
 * Options, all but name optional:
 *   name, address ("127.0.0.1"), port (0)
 *   video, audio      "h264:FILE" … as media.mjs reads it; fps (10) of the video
 *   transports        ["tcp", "udp"]
 *   auth              as auth.mjs takes it
 *   clockPpm, clockOffMs   the camera's own clock against this machine's
 *   wholeSeconds      the first picture is taken at a whole second of the camera's clock
 *   sessionMs         connections end after that long
 *   silentAfterMs     nothing is sent any more
 *   sessionsMax       more are answered 453
 *   burstMs           what happened so long before PLAY comes first, at once
 *   loss, reorder, duplicate, timeFaults, reports, reportSteps, firstSeq, firstTime: see sender.mjs
 *   onvif             {user, password} of its ONVIF service
 *   dialect           a fixture of tests/net/dialects, whose answers are given instead of ours
 *   hostile           a name of hostile.mjs, whose functions may change all of it
 */
import {createSocket} from "node:dgram";
import {createServer} from "node:net";

import {Auth} from "./auth.mjs";
import {describe, media, payloadType} from "./media.mjs";
import {readRtcp} from "./rtp.mjs";
import {Sender, seedOf} from "./sender.mjs";

const QUEUE_MAX = 1 << 20;              /* bytes that wait for a reader; then packets are dropped */
const TICK_MS = 10;

/* A pair of UDP ports, the first one even, which Node cannot be asked for: tried until it is had. */
function bindPair(address) {
	const bind = (port) => new Promise((done, fail) => {
		const s = createSocket(address.includes(":") ? "udp6" : "udp4");

		s.once("error", (e) => { s.close(); fail(e); });
		s.bind(port, address, () => done(s));
	});
	const attempt = async (tries) => {
		const port = 10000 + 2 * Math.floor(Math.random() * 10000);
		const sockets = [];

		try {
			sockets.push(await bind(port));
			sockets.push(await bind(port + 1));
			return {port, sockets};
		} catch (e) {
			sockets.forEach((s) => s.close());
			if (!tries)
				throw e;
			return attempt(tries - 1);
		}
	};

	return attempt(50);
}

/* The header fields by lower-case name, and the first line's words. */
function readRequest(text) {
	const [first, ...lines] = text.split("\r\n");
	const [method, uri] = first.split(" ");
	const headers = {};

	for (const line of lines) {
		const colon = line.indexOf(":");

		headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
	}
	return {method, uri, headers, text};
}

export class Session {
	constructor(camera, socket) {
		Object.assign(this, {camera, socket, id: null, tracks: [], playing: false, bytes: Buffer.alloc(0), turn: Promise.resolve()});
		this.beganMs = Date.now();
		socket.on("data", (data) => this.feed(data));
		socket.on("error", () => {});
		socket.on("close", () => this.end());
		camera.hostile.connected?.(this);
	}

	log(what, fields) {
		this.camera.log(what, fields);
	}

	write(bytes) {
		if (!this.socket.destroyed && this.socket.writableLength < QUEUE_MAX)
			this.socket.write(bytes);
	}

	frame(channel, packet) {
		const head = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);

		this.write(Buffer.concat([head, packet]));
	}

	/* Requests end with an empty line; "$" frames between them are RTCP. One is answered after the other. */
	feed(data) {
		this.bytes = Buffer.concat([this.bytes, data]);
		for (;;) {
			if (this.bytes[0] === 0x24) {
				if (this.bytes.length < 4 || this.bytes.length < 4 + this.bytes.readUInt16BE(2))
					return;
				const end = 4 + this.bytes.readUInt16BE(2);

				this.log("rtcp", {channel: this.bytes[1], ...readRtcp(this.bytes.subarray(4, end))});
				this.bytes = this.bytes.subarray(end);
				continue;
			}
			const end = this.bytes.indexOf("\r\n\r\n");

			if (end < 0)
				return;
			const request = readRequest(this.bytes.subarray(0, end).toString("latin1"));

			this.bytes = this.bytes.subarray(end + 4 + Number(request.headers["content-length"] ?? 0));
			this.turn = this.turn.then(() => this.answer(request)).catch((e) => this.log("failed", {why: String(e.stack)}));
		}
	}

	async answer(request) {
		/* to a request of ours */
		if (request.method.startsWith("RTSP/")) {
			this.log("response", {text: request.text});
			return;
		}
		const login = this.camera.auth?.check(request.method, request.headers.authorization) ?? {ok: true};

		this.log("request", {method: request.method, uri: request.uri, auth: login.scheme, right: login.ok, text: request.text});
		if (await this.camera.hostile.request?.(this, request))
			return;
		const reply = await this.reply(request, login);

		if (!reply)
			return;
		this.camera.hostile.reply?.(this, request, reply);
		const {status = "200 OK", headers = [], body = ""} = reply;
		const lines = [`RTSP/1.0 ${status}`, `CSeq: ${request.headers.cseq}`, ...headers];

		if (body)
			lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
		this.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
		if (request.method === "PLAY" && status.startsWith("200"))
			this.play();
	}

	reply(request, {ok, stale}) {
		const {camera} = this;

		if (!ok) {
			if (stale)
				camera.auth.renew();
			return {status: "401 Unauthorized", headers: camera.auth.challenges(stale).map((c) => `WWW-Authenticate: ${c}`)};
		}
		switch (request.method) {
		case "OPTIONS":
			return {headers: ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"]};
		case "DESCRIBE":
			return {headers: ["Content-Type: application/sdp", `Content-Base: ${request.uri}/`], body: camera.sdp()};
		case "SETUP":
			return this.setup(request);
		case "PLAY":
			return this.ofSession(request) ?? {headers: [`Session: ${this.id}`, "Range: npt=now-"]};
		case "GET_PARAMETER":
			return this.ofSession(request) ?? {headers: [`Session: ${this.id}`]};
		case "TEARDOWN":
			this.stop();
			return {};
		default:
			return {status: "405 Method Not Allowed"};
		}
	}

	ofSession(request) {
		return this.id && (request.headers.session ?? "").split(";")[0] === this.id ? null : {status: "454 Session Not Found"};
	}

	async setup(request) {
		const {camera} = this;
		const index = Number(/trackID=(\d+)/.exec(request.uri)?.[1]);
		const wanted = request.headers.transport ?? "";
		const channels = /interleaved=(\d+)-(\d+)/.exec(wanted), ports = /client_port=(\d+)-(\d+)/.exec(wanted);

		if (!(index < camera.media.length))
			return {status: "404 Not Found"};
		if (!this.id && camera.sessions().length >= (camera.options.sessionsMax ?? Infinity))
			return {status: "453 Not Enough Bandwidth"};
		if (!camera.transports.includes(channels ? "tcp" : "udp"))
			return {status: "461 Unsupported Transport"};
		this.id ??= Math.random().toString(16).slice(2, 14);
		const transport = channels ? this.setUpTcp(index, channels) : await this.setUpUdp(index, ports);

		return {headers: [`Session: ${this.id};timeout=60`, `Transport: ${transport}`]};
	}

	setUpTcp(index, [, rtp, rtcp]) {
		this.addTrack(index, {rtp: (p) => this.frame(Number(rtp), p), rtcp: (p) => this.frame(Number(rtcp), p), close: () => {}, tcp: true});
		return `RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtcp}`;
	}

	async setUpUdp(index, [, rtp, rtcp]) {
		const {port, sockets} = await bindPair(this.camera.address);
		const to = this.socket.remoteAddress;

		this.serverPorts = [port, port + 1];
		this.log("ports", {ports: this.serverPorts});
		sockets[0].on("error", () => {});
		sockets[1].on("error", () => {});
		sockets[1].on("message", (bytes) => this.log("rtcp", {channel: "udp", ...readRtcp(bytes)}));
		this.addTrack(index, {
			rtp: (p) => sockets[0].send(p, Number(rtp), to), rtcp: (p) => sockets[1].send(p, Number(rtcp), to),
			close: () => sockets.forEach((s) => s.close()), clientPorts: [Number(rtp), Number(rtcp)], to,
		});
		return `RTP/AVP;unicast;client_port=${rtp}-${rtcp};server_port=${port}-${port + 1}`;
	}

	/* A second SETUP of the same track takes the first one's place. */
	addTrack(index, transport) {
		this.tracks.find((t) => t.index === index)?.transport.close();
		this.tracks = [...this.tracks.filter((t) => t.index !== index), {index, transport}];
	}

	play() {
		const {camera} = this;
		let startMs = camera.now() - (camera.options.burstMs ?? 0);

		if (this.playing)
			return;
		this.playing = true;
		camera.plays++;
		if (camera.options.wholeSeconds)
			startMs = Math.ceil(startMs / 1000) * 1000;
		for (const t of this.tracks) {
			const {media: m, pt} = camera.media[t.index];

			t.sender = new Sender({media: m, pt, transport: t.transport, options: {fps: 10, ...camera.options, ...camera.hostile.sender}, startMs, seed: seedOf(`${camera.name} ${camera.plays} ${t.index}`)});
		}
		this.log("playing", {startMs, transport: this.tracks[0]?.transport.tcp ? "tcp" : "udp"});
		camera.hostile.playing?.(this);
		this.playedMs = Date.now();
		this.timer = setInterval(() => this.tick(), TICK_MS);
	}

	tick() {
		const {sessionMs = Infinity, silentAfterMs = Infinity} = this.camera.options;
		const ageMs = Date.now() - this.playedMs;

		if (ageMs >= sessionMs)
			this.socket.destroy();
		else if (ageMs < silentAfterMs && !this.camera.silent)
			for (const t of this.tracks)
				t.sender.tick(this.camera.now());
	}

	stop() {
		if (this.playing)
			this.log("stopped", {counts: this.tracks.map((t) => t.sender.counts)});
		clearInterval(this.timer);
		this.playing = false;
		this.id = null;
		this.tracks.forEach((t) => t.transport.close());
		this.tracks = [];
	}

	end() {
		this.stop();
		this.camera.hostile.ended?.(this);
		this.camera.forget(this);
		this.log("closed");
	}
}

export class Camera {
	constructor(options, log, hostile) {
		this.options = options;
		this.name = options.name;
		this.address = options.address ?? "127.0.0.1";
		this.hostile = hostile ?? {};
		this.transports = options.transports ?? ["tcp", "udp"];
		this.auth = options.auth ? new Auth(options.auth) : null;
		this.media = [options.video, options.audio].filter(Boolean).map((name, i) => ({media: media(name), pt: payloadType(media(name), i)}));
		this.open = new Set();
		this.silent = false;
		this.plays = 0;
		this.bootMs = Date.now();
		this.bootMono = performance.now();
		this.log = (what, fields = {}) => log({at: Date.now(), camera: this.name, what, ...fields});
	}

	/* The camera's clock, unix milliseconds. */
	now() {
		const {clockPpm = 0, clockOffMs = 0} = this.options;

		return this.bootMs + (performance.now() - this.bootMono) * (1 + clockPpm / 1e6) + clockOffMs;
	}

	sdp() {
		const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=scripted", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"];

		this.media.forEach(({media: m, pt}, i) => lines.push(...describe(m, pt), `a=control:trackID=${i}`));
		return `${(this.hostile.sdp?.(lines) ?? lines).join("\r\n")}\r\n`;
	}

	sessions() {
		return [...this.open].filter((s) => s.id);
	}

	/* Resolves to the port, which stays the same when the camera goes down and up again. */
	up() {
		return new Promise((done, fail) => {
			this.server = createServer({noDelay: true}, (socket) => {
				this.log("connected");
				this.open.add(new (this.hostile.Session ?? Session)(this, socket));
			});
			this.server.once("error", fail);
			this.server.listen(this.port ?? this.options.port ?? 0, this.address, () => {
				this.port = this.server.address().port;
				done(this.port);
			});
		});
	}

	/* As when its power is cut: nobody is told anything but by the system. */
	down() {
		this.server.close();
		this.hangUp();
	}

	hangUp() {
		for (const s of this.open)
			s.socket.destroy();
	}

	restart() {
		for (const t of this.sessions().flatMap((s) => s.tracks))
			t.sender?.restart();
	}

	forget(session) {
		this.open.delete(session);
	}
}
