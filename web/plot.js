/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small plot of one figure over time, drawn as SVG. Where nothing was measured the line has a gap. */
export const WIDTH = 300, HEIGHT = 64;
const SVG = "http://www.w3.org/2000/svg";

/* A round number not below v: 1, 2 or 5 and zeros; least where v is less. */
export function roof(v, least) {
	if (!(v > least))
		return least;
	const unit = 10 ** Math.floor(Math.log10(v));

	return [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= v * (1 - 1e-9));
}

/* Runs of values that follow each other: [{first, values}] */
function runsOf(values) {
	const runs = [];

	for (const [i, v] of values.entries())
		if (v !== null)
			(i > 0 && values[i - 1] !== null ? runs.at(-1) : runs[runs.push({first: i, values: []}) - 1]).values.push(v);
	return runs;
}

/* The last of room values (more are cut off, fewer stand at the right) under top -> {line, area}: SVG paths. */
export function pathsOf(values, room, top) {
	const shown = values.slice(-room), x = (i) => ((i + room - shown.length) / (room - 1) * WIDTH).toFixed(1);
	const y = (v) => ((1 - Math.min(v / top, 1)) * (HEIGHT - 2) + 1).toFixed(1);
	const drawn = runsOf(shown).map(({first, values: run}) => {
		const line = run.map((v, i) => `${x(first + i)} ${y(v)}`).join("L");

		return {line: `M${line}${run.length === 1 ? "h0.1" : ""}`, area: `M${x(first)} ${HEIGHT}L${line}L${x(first + run.length - 1)} ${HEIGHT}Z`};
	});

	return {line: drawn.map((d) => d.line).join(""), area: drawn.map((d) => d.area).join("")};
}

export class Plot {
	element = document.createElement("figure");
	#what;
	#now;
	#top;
	#begin;
	#svg;
	#line;
	#area;

	/* what: {name, text(v), least, hint}: how a value is said, and what the plot reaches up to at least. */
	constructor(what) {
		const caption = document.createElement("figcaption"), name = document.createElement("span"), axis = document.createElement("p");

		this.#what = what;
		this.#now = document.createElement("strong");
		this.#top = document.createElement("span");
		this.#begin = document.createElement("span");
		this.#top.className = "top";
		this.#svg = document.createElementNS(SVG, "svg");
		this.#svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
		this.#svg.setAttribute("preserveAspectRatio", "none");
		this.#svg.setAttribute("role", "img");
		this.#area = this.#path("area");
		this.#line = this.#path("line");
		name.textContent = what.name;
		name.title = what.hint ?? "";
		caption.append(name, this.#now);
		axis.className = "axis";
		axis.setAttribute("aria-hidden", "true");
		axis.append(this.#begin, "now");
		this.element.className = "plot";
		this.element.append(caption, this.#top, this.#svg, axis);
	}

	/* values: numbers or null, the newest last; room: how many there may be; begin: what the left end is, for people. */
	show(values, room, begin) {
		const known = values.filter((v) => v !== null), top = roof(Math.max(0, ...known), this.#what.least);
		const {line, area} = pathsOf(values, room, top), {text} = this.#what, now = values.at(-1) ?? null;

		this.#line.setAttribute("d", line);
		this.#area.setAttribute("d", area);
		this.#now.textContent = now === null ? "–" : text(now);
		this.#top.textContent = text(top);
		this.#begin.textContent = begin;
		this.#svg.setAttribute("aria-label", known.length === 0 ? `${this.#what.name}: nothing was measured` :
			`${this.#what.name}: ${now === null ? "none" : text(now)} now, from ${text(Math.min(...known))} to ${text(Math.max(...known))} since ${begin}`);
		this.element.dataset.values = String(known.length);
	}

	#path(name) {
		const path = document.createElementNS(SVG, "path");

		path.setAttribute("class", name);
		path.setAttribute("vector-effect", "non-scaling-stroke");
		this.#svg.append(path);
		return path;
	}
}
