/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of what the server says: each word a text node. A table that says the same again is left alone, so that focus stays. */

/* What a cell is made of: a text; {text, state, href}; a node. */
function cell(what, head) {
	const td = document.createElement("td");

	td.dataset.label = head;
	if (what instanceof Node) {
		td.append(what);
	} else if (typeof what === "string") {
		td.textContent = what;
	} else if (what.href) {
		const a = document.createElement("a");

		a.href = what.href;
		a.textContent = what.text;
		td.append(a);
	} else {
		td.textContent = what.text;
		td.dataset.state = what.state ?? "";
	}
	return td;
}

function row(cells, heads) {
	const tr = document.createElement("tr");

	tr.append(...cells.map((what, i) => cell(what, heads[i])));
	return tr;
}

/* In place's own element; empty: what is said when there are no rows. */
export function table(place, heads, rows, empty = "") {
	const said = JSON.stringify([heads, rows.map((r) => r.map((c) => c instanceof Node ? c.getAttribute("aria-label") : c)), empty]);

	if (place.dataset.said === said && place.firstChild)
		return;
	place.dataset.said = said;
	if (rows.length === 0) {
		const p = document.createElement("p");

		p.className = "empty";
		p.textContent = empty;
		place.replaceChildren(p);
		return;
	}
	const t = document.createElement("table"), thead = document.createElement("thead"), tbody = document.createElement("tbody");
	const tr = document.createElement("tr");

	tr.append(...heads.map((text) => {
		const th = document.createElement(text === "" ? "td" : "th");

		th.textContent = text;
		return th;
	}));
	thead.append(tr);
	tbody.append(...rows.map((r) => row(r, heads)));
	t.append(thead, tbody);
	place.replaceChildren(t);
}

/* label: what it does, in full, for who does not see its row. */
export function button(text, label, act) {
	const b = document.createElement("button");

	b.type = "button";
	b.textContent = text;
	b.setAttribute("aria-label", label);
	b.addEventListener("click", async () => {
		b.disabled = true;
		await act();
		b.disabled = false;
	});
	return b;
}
