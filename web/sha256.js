/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4), piece by piece and without waiting: WebCrypto wants all
 * bytes at once, and a promise for each hash of a tree is ten times its work.
 */

const ROUND = Int32Array.from([
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const BEGIN = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const BLOCK = 64;

export class Sha256 {
	#state = Int32Array.from(BEGIN);
	#schedule = new Int32Array(64);
	#block = new Uint8Array(BLOCK);
	#held = 0;      /* bytes in #block */
	#bytes = 0;     /* all so far; exact up to 2^53 */

	update(bytes) {
		let at = 0;

		this.#bytes += bytes.length;
		if (this.#held) {
			at = Math.min(BLOCK - this.#held, bytes.length);
			this.#block.set(bytes.subarray(0, at), this.#held);
			this.#held += at;
			if (this.#held < BLOCK)
				return this;
			this.#compress(this.#block, 0);
			this.#held = 0;
		}
		for (; at + BLOCK <= bytes.length; at += BLOCK)
			this.#compress(bytes, at);
		this.#block.set(bytes.subarray(at));
		this.#held = bytes.length - at;
		return this;
	}

	/* The hash of all that came; it begins anew. */
	digest() {
		const bits = this.#bytes * 8, out = new Uint8Array(32);

		this.#block[this.#held++] = 0x80;
		if (this.#held > BLOCK - 8) {
			this.#block.fill(0, this.#held);
			this.#compress(this.#block, 0);
			this.#held = 0;
		}
		this.#block.fill(0, this.#held);
		const end = new DataView(this.#block.buffer);

		end.setUint32(BLOCK - 8, Math.floor(bits / 2 ** 32));
		end.setUint32(BLOCK - 4, bits >>> 0);
		this.#compress(this.#block, 0);
		const to = new DataView(out.buffer);

		this.#state.forEach((word, i) => to.setInt32(4 * i, word));
		this.#state.set(BEGIN);
		this.#held = this.#bytes = 0;
		return out;
	}

	#compress(p, at) {
		const w = this.#schedule, s = this.#state;
		let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];

		for (let i = 0; i < 16; i++, at += 4)
			w[i] = p[at] << 24 | p[at + 1] << 16 | p[at + 2] << 8 | p[at + 3];
		for (let i = 16; i < 64; i++) {
			const x = w[i - 15], y = w[i - 2];

			w[i] = w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
				((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
		}
		for (let i = 0; i < 64; i++) {
			const t = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + ROUND[i] + w[i] | 0;
			const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;

			h = g;
			g = f;
			f = e;
			e = d + t | 0;
			d = c;
			c = b;
			b = a;
			a = t + u | 0;
		}
		s[0] += a;
		s[1] += b;
		s[2] += c;
		s[3] += d;
		s[4] += e;
		s[5] += f;
		s[6] += g;
		s[7] += h;
	}
}

const hasher = new Sha256();

export function sha256Now(...parts) {
	for (const p of parts)
		hasher.update(p);
	return hasher.digest();
}
