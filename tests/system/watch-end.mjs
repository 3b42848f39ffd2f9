/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node watch-end.mjs PORT RTSPS-PORT CA.crt USER PASSWORD CAMERA
 * Watches a camera's copy in three ways at once, each on a connection of its own: playlists that are held back by HTTP/1.1 and by HTTP/2, one
 * after the other, and RTSPS. Prints `watching` when each has had something, and when all were ended `http1 MS http2 MS rtsps MS`, wall clock.
 * Exit 1 when that takes more than a minute and a half.
 */
import {readFileSync} from "node:fs";
import {connect as connectHttp2} from "node:http2";
import {Agent, get} from "node:https";
import {connect as connectTls} from "node:tls";

const LIMIT_MS = 90000;
const [port, rtspsPort, ca, user, password, camera] = process.argv.slice(2);
const trust = {ca: readFileSync(ca), servername: "localhost"};
const login = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const path = `/live/${camera}/copy/index.m3u8`;
const began = {};                // who has had something

function note(name) {
	if (!began[name] && (began[name] = true) && Object.keys(began).length === 3)
		console.log("watching");
}

/* Asks for what comes next, and next, until the answer is another than 200; when that was. */
async function follow(name, ask) {
	for (let query = ""; ;) {
		const {status, text} = await ask(path + query).catch(() => ({status: 0, text: ""}));

		if (status !== 200)
			return Date.now();
		note(name);
		query = `?_HLS_msn=${Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)[1]) + text.match(/^#EXTINF/gm).length}`;
	}
}

function http1() {
	const agent = new Agent({...trust, keepAlive: true});

	return follow("http1", (p) => new Promise((done, fail) => get({host: "127.0.0.1", port, path: p, agent, headers: {authorization: login}}, (answer) => {
		let text = "";

		answer.setEncoding("utf8").on("data", (d) => { text += d; }).on("end", () => done({status: answer.statusCode, text})).on("error", fail);
	}).on("error", fail)));
}

function http2() {
	const session = connectHttp2(`https://127.0.0.1:${port}`, trust);

	session.on("error", () => {});
	return follow("http2", (p) => new Promise((done, fail) => {
		const stream = session.request({":path": p, authorization: login});
		let status = 0, text = "";

		stream.setEncoding("utf8").on("response", (head) => { status = head[":status"]; }).on("data", (d) => { text += d; }).on("end", () => done({status, text}))
			.on("error", fail);
	}));
}

function rtsps() {
	const base = `rtsps://127.0.0.1:${rtspsPort}/${camera}/copy`;
	const socket = connectTls({...trust, host: "127.0.0.1", port: rtspsPort});
	const asks = [["SETUP", `${base}/track0`, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"], ["PLAY", base, ""]];
	const say = (n, method, address, more) => socket.write(`${method} ${address} RTSP/1.0\r\nCSeq: ${n}\r\nAuthorization: ${login}\r\n${more}\r\n`);
	let n = 1, head = "";

	return new Promise((done) => {
		socket.on("secureConnect", () => say(n, "DESCRIBE", base, ""));
		socket.on("data", (data) => {
			if (!asks.length) {
				note("rtsps");
				return;
			}
			head += data.toString("latin1");
			const [, length = 0] = /^content-length: (\d+)/im.exec(head) ?? [], end = head.indexOf("\r\n\r\n");

			if (end < 0 || head.length < end + 4 + Number(length))
				return;
			const [method, address, more] = asks.shift(), [, id] = /^session: ([0-9a-f]+)/im.exec(head) ?? [];

			say(++n, method, address, more + (id ? `Session: ${id}\r\n` : ""));
			head = "";
		});
		socket.on("error", () => {}).on("close", () => done(Date.now()));
	});
}

setTimeout(() => { console.log("nobody ended it"); process.exit(1); }, LIMIT_MS);
const [a, b, c] = await Promise.all([http1(), http2(), rtsps()]);

console.log(`http1 ${a} http2 ${b} rtsps ${c}`);
process.exit(0);
