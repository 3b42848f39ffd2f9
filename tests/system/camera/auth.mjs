/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digest (RFC 7616, 2069) and Basic as cameras ask for them. */
import {createHash, randomBytes} from "node:crypto";

const HASH = {MD5: "md5", "SHA-256": "sha256", "SHA-512-256": "sha512-256"};
const quoted = (s) => `"${s.replace(/[\\"]/g, "\\$&")}"`;

/* The parameters of a Digest header; quoted ones unescaped. */
function parameters(text) {
	const found = {};

	for (const [, name, inQuotes, bare] of text.matchAll(/(\w+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,"]+))/g))
		found[name.toLowerCase()] = inQuotes !== undefined ? inQuotes.replace(/\\(.)/g, "$1") : bare;
	return found;
}

/* Whether the response is the one that follows from the header's own parameters and the password. */
export function digestIsRight(header, method, user, password) {
	const p = parameters(header);
	const hash = HASH[p.algorithm ?? "MD5"];

	if (!hash)
		return false;
	const h = (s) => createHash(hash).update(s).digest("hex");
	const a1 = h(`${user}:${p.realm}:${password}`);
	const a2 = h(`${method}:${p.uri}`);

	return p.username === user && p.response === (p.qop ? h([a1, p.nonce, p.nc, p.cnonce, p.qop, a2].join(":")) : h([a1, p.nonce, a2].join(":")));
}

/*
 * options: {user, password, realm, challenges: ["Digest SHA-256 auth", "Digest MD5", "Digest", "Basic"], nonceUses}
 * A challenge is a scheme, its algorithm (left out: none is named, which means MD5) and its qop (left out: none).
 * nonceUses: after so many requests the nonce is stale.
 */
export class Auth {
	constructor(options) {
		this.options = {realm: "camera", ...options};
		this.renew();
	}

	renew() {
		this.nonce = randomBytes(12).toString("hex");
		this.uses = 0;
	}

	challenges(stale) {
		return this.options.challenges.map((c) => {
			const [scheme, algorithm, qop] = c.split(" ");

			if (scheme === "Basic")
				return `Basic realm=${quoted(this.options.realm)}`;
			return `Digest realm=${quoted(this.options.realm)}, nonce="${this.nonce}"` + (algorithm ? `, algorithm=${algorithm}` : "") +
				(qop ? `, qop="${qop}"` : "") + (stale ? ", stale=true" : "");
		});
	}

	/* {ok, stale, scheme}: scheme as "Digest SHA-256 auth", "Basic", or "" without a header. */
	check(method, header) {
		if (!header)
			return {ok: false, scheme: ""};
		if (/^basic /i.test(header)) {
			const pair = `${this.options.user}:${this.options.password}`;
			const offered = this.options.challenges.includes("Basic");

			return {ok: offered && Buffer.from(header.slice(6).trim(), "base64").toString() === pair, scheme: "Basic"};
		}
		const p = parameters(header);
		const scheme = `Digest ${p.algorithm ?? "MD5"}${p.qop ? ` ${p.qop}` : ""}`;

		if (!digestIsRight(header, method, this.options.user, this.options.password))
			return {ok: false, scheme};
		if (p.nonce !== this.nonce || this.options.nonceUses && this.uses >= this.options.nonceUses)
			return {ok: false, stale: true, scheme};
		this.uses++;
		return {ok: true, scheme};
	}
}
