/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a running site: the one that this browser holds, and those that the
 * site's key notes lead to from it. They are asked for anew when a checkpoint comes by a
 * key that is not known yet: it may have been replaced a moment ago.
 */
import {Keychain} from "./keychain.js";

const TRIES = 5;
const AGAIN_MS = 1000;

export class SiteKeys extends Keychain {
	#env;
	#learning = null;

	/* env: {fetch(url) -> Response, sleep(ms)} */
	constructor(first, env) {
		super(first);
		this.#env = env;
	}

	/* Reads the site's key notes; notes that are wrong throw Refused. However many ask at once, it is done once. */
	learn() {
		this.#learning ??= this.#fetch().then((bytes) => bytes && this.add(bytes)).finally(() => { this.#learning = null; });
		return this.#learning;
	}

	async judge(note, checkpoint) {
		const said = await super.judge(note, checkpoint);

		if (said !== "none" || checkpoint.origin !== this.name)
			return said;
		await this.learn();
		return super.judge(note, checkpoint);
	}

	/* null: there are none, or no answer comes. */
	async #fetch() {
		for (let i = 0; i < TRIES; i++) {
			try {
				const response = await this.#env.fetch("/log/keys");

				if (response.status < 500)
					return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
			} catch {
				/* a server that is restarted is asked again */
			}
			await this.#env.sleep(AGAIN_MS);
		}
		return null;
	}
}
