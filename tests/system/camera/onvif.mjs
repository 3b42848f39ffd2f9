/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of an ONVIF camera as it takes to be asked for a key frame: its clock, which anybody may ask for, its media service, which it
 * says is at an address of its own invention, a profile, and SetSynchronizationPoint, for which one has to be logged in by its clock
 * (WS-Security UsernameToken Profile 1.0: PasswordDigest, made less than 10 s ago).
 */
import {createHash} from "node:crypto";
import {createServer} from "node:http";

const FRESH_MS = 10000;
const envelope = (body) => `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
	`xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" ` +
	`xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${body}</s:Body></s:Envelope>`;

const replies = {
	GetSystemDateAndTime(now) {
		const d = new Date(now);

		return `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>` +
			`<tt:Time><tt:Hour>${d.getUTCHours()}</tt:Hour><tt:Minute>${d.getUTCMinutes()}</tt:Minute><tt:Second>${d.getUTCSeconds()}</tt:Second></tt:Time>` +
			`<tt:Date><tt:Year>${d.getUTCFullYear()}</tt:Year><tt:Month>${d.getUTCMonth() + 1}</tt:Month><tt:Day>${d.getUTCDate()}</tt:Day></tt:Date>` +
			`</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
	},
	GetCapabilities: () => `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://127.0.0.2:9/onvif/media</tt:XAddr></tt:Media>` +
		`</tds:Capabilities></tds:GetCapabilitiesResponse>`,
	GetProfiles: () => `<trt:GetProfilesResponse><trt:Profiles token="main" fixed="true"><tt:Name>main</tt:Name></trt:Profiles></trt:GetProfilesResponse>`,
	SetSynchronizationPoint: () => `<trt:SetSynchronizationPointResponse/>`,
};

function loggedIn(text, now, {user, password}) {
	const field = (name) => new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(text)?.[1] ?? "";
	const digest = createHash("sha1").update(Buffer.from(field("Nonce"), "base64")).update(field("Created")).update(password).digest("base64");

	return field("Username") === user && field("Password") === digest && Math.abs(Date.parse(field("Created")) - now) < FRESH_MS;
}

/* Resolves to the port. camera.options.onvif: {user, password}. */
export function serveOnvif(camera) {
	const server = createServer((request, response) => {
		let text = "";

		request.on("data", (data) => { text += data; });
		request.on("end", () => {
			const name = Object.keys(replies).find((n) => text.includes(`:${n}`) || text.includes(`<${n}`));
			const allowed = name === "GetSystemDateAndTime" || name && loggedIn(text, camera.now(), camera.options.onvif);

			camera.log("onvif", {name, path: request.url, allowed});
			response.writeHead(allowed ? 200 : 400, {"Content-Type": "application/soap+xml; charset=utf-8", Connection: "close"});
			response.end(envelope(allowed ? replies[name](camera.now()) : "<s:Fault/>"));
			if (allowed && name === "SetSynchronizationPoint")
				camera.restart();
		});
	});

	return new Promise((done) => server.listen(0, camera.address, () => done(server.address().port)));
}
