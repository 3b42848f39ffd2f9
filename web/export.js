// SPDX-License-Identifier: GPL-2.0-or-later
// The form by which a viewer takes a clip. Times are shown as his own clock has them, and asked for in UTC.

const DEFAULT_MS = 5 * 60000;
const MAX_MS = 24 * 3600000;

const two = (n) => String(n).padStart(2, "0");

// As <input type="datetime-local"> has it.
export function localText(ms) {
	const t = new Date(ms);

	return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}T${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

// {from, to} as the server wants them, or {why}.
export function ask(from, to) {
	const at = [from, to].map((text) => Date.parse(text));

	if (at.some(Number.isNaN))
		return {why: "Say from when to when."};
	if (at[0] >= at[1])
		return {why: "The end is not later than the beginning."};
	if (at[1] - at[0] > MAX_MS)
		return {why: "No more than a day at a time."};
	return {from: new Date(at[0]).toISOString(), to: new Date(at[1]).toISOString()};
}

// The last minutes of a camera, when the form is opened.
export function begin(details, camera) {
	const {elements} = details.querySelector("form");
	const now = Date.now();

	elements.camera.value = camera;
	elements["export-to"].value = localText(now);
	elements["export-from"].value = localText(now - DEFAULT_MS);
}

export function setUp(details, cameraNow) {
	const form = details.querySelector("form");

	details.addEventListener("toggle", () => details.open && begin(details, cameraNow()));
	form.addEventListener("submit", (event) => {
		const asked = ask(form.elements["export-from"].value, form.elements["export-to"].value);

		form.querySelector("[role=status]").textContent = asked.why ?? "It begins when all of it has been checked. What is missing, and why, stands in its report.";
		if (asked.why) {
			event.preventDefault();
			return;
		}
		form.elements.camera.value = cameraNow();
		form.elements.from.value = asked.from;
		form.elements.to.value = asked.to;
	});
}
