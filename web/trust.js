/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The site's key as this browser holds it, and what follows from it: whether the server signs by it, whether its log only grows, and what witnesses
 * have seen of it. What is wrong is said at the top of the page, and stays.
 */
import {openCheckpoint, parseNote, parseVkey} from "./note.js";
import {judgePolicy, parsePolicy} from "./policy.js";
import {ask, dateText, sentence} from "./site.js";
import {SiteKeys} from "./sitekeys.js";
import {SERVED, quorumText, witnessText} from "./words.js";

const $ = (id) => document.getElementById(id);
const OTHER_KEY = "this site signs with another key than the one that this browser holds";

/* A note of the log's, or null where there is none. */
async function fetchNote(url) {
	const response = await ask(url, {cache: "no-store"});

	return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

function witnessItem(witness) {
	const item = document.createElement("li"), key = document.createElement("code");

	key.textContent = witness.vkey;
	item.append(`${witnessText(witness)}: `, key);
	return item;
}

export class Trust {
	alarms = new Map();         // kind -> text: what is wrong with the site as a whole
	keys = null;                // a SiteKeys, once the server has said its key
	able = false;               // whether this browser can verify
	said = "";                  // the key that the server said last
	#keyring;
	#env;
	#ableSoon;
	#onAlarm;

	/* able: a promise of it; onAlarm(text): called once for each kind. */
	constructor(keyring, env, able, onAlarm) {
		this.#keyring = keyring;
		this.#env = env;
		this.#ableSoon = able;
		this.#onAlarm = onAlarm;
	}

	/* The server says that it signs by vkey. */
	async meet(vkey) {
		const isOther = this.#keyring.meet(vkey, Date.now()) === "changed";

		this.said = vkey;
		this.able = await this.#ableSoon;
		this.keys ??= new SiteKeys(await parseVkey(this.#keyring.held.vkey), this.#env);
		if (this.able)
			await this.#learn();
		else if (isOther)
			this.#alarm("key", OTHER_KEY);
		if (this.able && !this.alarms.has("key"))
			await this.#checkLog();
		this.#showKey();
	}

	/* What witnesses elsewhere have seen of this log, by the site's own policy. */
	async showWitnesses() {
		if (!this.able || !this.keys)
			return;
		const [policy, cosigned] = [await fetchNote("/log/policy"), await fetchNote("/log/cosigned")];

		$("witnesses").hidden = $("witness-keys").hidden = !policy;
		if (!policy)
			return;
		try {
			const {size} = cosigned ? await openCheckpoint(cosigned, this.keys) : {};
			const verdict = cosigned && await judgePolicy(await parsePolicy(policy), parseNote(cosigned, "checkpoint"), Date.now());

			$("witnesses").textContent = verdict ? quorumText({...verdict, size}, SERVED) : "No witness has cosigned this log yet.";
			$("witness-keys").replaceChildren(...(verdict ? verdict.witnesses : []).map(witnessItem));
		} catch (e) {
			this.#alarm("witnesses", `what witnesses are said to have cosigned cannot be trusted: ${e.message}`);
		}
	}

	/* The key that the viewer carries, beside the one that is held. */
	async compare() {
		try {
			const {vkey} = await parseVkey($("key-field").value);

			if (vkey === this.#keyring.held.vkey) {
				this.#keyring.trust(vkey, Date.now());
				this.#say("ok", "The same key. This browser now holds it as compared.");
				this.#showKey();
			} else {
				this.#say("bad", "Not the key that this browser holds. If yours is the right one, hold it instead:");
				$("key-replace").hidden = false;
			}
		} catch (e) {
			this.#say("bad", `${e.message}.`);
		}
	}

	/* Holds it instead. */
	async replace() {
		const {vkey} = await parseVkey($("key-field").value);

		this.#keyring.trust(vkey, Date.now());
	}

	#alarm(kind, text) {
		if (this.alarms.has(kind))
			return;
		this.alarms.set(kind, text);
		this.#onAlarm(text);
		$("alarms").replaceChildren(...Array.from(this.alarms.values(), (said) => {
			const p = document.createElement("p");

			p.textContent = `${sentence(said)}.`;
			return p;
		}));
		$("alarms").hidden = false;
		$("keys").hidden = !this.alarms.has("key");
	}

	/* Whether the site signs with the held key, or with one that its key notes lead to. */
	async #learn() {
		try {
			if (!await this.keys.knows(this.said))
				await this.keys.learn();
			if (!await this.keys.knows(this.said))
				this.#alarm("key", OTHER_KEY);
		} catch (e) {
			this.#alarm("key", `this site's keys cannot be trusted: ${e.message}`);
		}
	}

	/* The log only grows: a newest checkpoint below one that was seen signed means that entries were taken back. */
	async #checkLog() {
		const note = await fetchNote("/log/checkpoint");

		if (!note)
			return;
		try {
			const {size} = await openCheckpoint(note, this.keys), {held} = this.#keyring;

			if (size < BigInt(held.size))
				this.#alarm("log", `the log has ${size} entries, but this browser has seen ${held.size} signed: entries were taken back`);
			else
				this.#keyring.saw(Number(size));
		} catch (e) {
			this.#alarm("checkpoint", `the newest checkpoint cannot be trusted: ${e.message}`);
		}
	}

	#showKey() {
		const {held} = this.#keyring, more = this.keys.keys.length - 1;
		const how = held.compared ? "compared by you" : "taken at first sight, not compared yet";

		$("key").textContent = held.vkey;
		$("key-how").textContent = `Held by this browser since ${dateText(held.sinceMs)}, ${how}.` +
			(more ? ` ${more === 1 ? "Another key signs" : `${more} other keys sign`} after it, each signed for by one before.` : "") +
			(this.#keyring.lasts ? "" : " This browser stores nothing: the key is forgotten with the page.");
		$("key-held").textContent = held.vkey;
		$("key-said").textContent = this.said;
		$("verify-command").textContent = `casemate verify ${location.origin} --key '${held.vkey}'`;
	}

	#say(state, text) {
		$("key-replace").hidden = true;
		$("key-message").dataset.state = state;
		$("key-message").textContent = text;
	}
}
