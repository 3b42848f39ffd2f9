/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Share links: the list of them, their end, and the form that makes one. */
import {localText} from "./export.js";
import {dateText, sentence, whenText} from "./site.js";
import {button, table} from "./table.js";

const HOUR_MS = 3600000;
const RECENT_MS = 10 * 60000;

const time = (text) => whenText(Date.parse(text));

/* What the form asks for -> fields of a POST, or {why}. */
export function asked({camera, what, from, to, lasts}, nowMs) {
	const fields = {camera, expires: new Date(nowMs + Number(lasts) * HOUR_MS).toISOString()};

	if (what === "live")
		return fields;
	const at = [from, to].map((text) => Date.parse(text));

	if (at.some(Number.isNaN))
		return {why: "Say from when to when."};
	if (at[0] >= at[1])
		return {why: "The end is not later than the beginning."};
	return {...fields, from: new Date(at[0]).toISOString(), to: new Date(at[1]).toISOString()};
}

/* "ID TOKEN ADDRESS", as the server answers -> the link, by the address that this page was asked for at. */
export function linkOf(answer, origin) {
	const [id, token] = answer.split(" ");

	return `${origin}/login#share=${id}.${token}`;
}

function showForm(form) {
	const {elements} = form, timed = elements.what.value === "time";

	for (const label of form.querySelectorAll(".of-time"))
		label.hidden = !timed;
	if (timed && elements.to.value === "") {
		elements.to.value = localText(Date.now());
		elements.from.value = localText(Date.now() - RECENT_MS);
	}
}

/* -> a function that shows the list. changed(): the list is another now. */
export function setUp(place, form, post, changed) {
	const said = form.querySelector("#share-said"), made = form.querySelector("#share-made"), link = form.querySelector("#share-link");
	const say = (state, text) => { said.dataset.state = state; said.textContent = text; };

	async function make(event) {
		event.preventDefault();
		const fields = asked(Object.fromEntries(new FormData(form)), Date.now());

		made.hidden = true;
		if (fields.why) {
			say("bad", fields.why);
			return;
		}
		try {
			link.value = linkOf(await post("/api/shares", fields), location.origin);
			made.hidden = false;
			link.select();
			say("ok", "Copy it now: it is not shown again.");
			changed();
		} catch (e) {
			say("bad", `${sentence(e.message)}.`);
		}
	}

	async function revoke(share) {
		try {
			await post("/api/shares", {revoke: share.id});
			say("ok", `${share.id} has ended.`);
		} catch (e) {
			say("bad", `${sentence(e.message)}.`);
		}
		changed();
	}

	async function copy() {
		try {
			await navigator.clipboard.writeText(link.value);
			say("ok", "Copied.");
		} catch {
			link.select();
			say("bad", "This browser does not let the page copy: copy what is marked.");
		}
	}

	form.addEventListener("submit", make);
	form.elements.what.addEventListener("change", () => showForm(form));
	form.querySelector("#share-copy").addEventListener("click", copy);
	return (shares, site) => {
		const names = site.cameras.map((c) => c.name), {camera} = form.elements, before = camera.value;

		if (Array.from(camera.options, (o) => o.value).join() !== names.join()) {
			camera.replaceChildren(...names.map((name) => new Option(name, name)));
			if (names.includes(before))
				camera.value = before;
		}
		table(place, ["Link", "Shows", "Until", "As far as", ""], shares.map((s) => [
			s.id, s.from ? `${s.camera}, ${time(s.from)} to ${time(s.to)}` : `${s.camera} live`,
			{text: s.good ? dateText(Date.parse(s.expires)) : "no good: camera or user is gone", state: s.good ? "" : "bad"}, s.user ?? "everybody",
			button("Revoke", `Revoke ${s.id}`, () => revoke(s))]), "There are none.");
	};
}
