/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs in without leaving the page, so that what is wrong is said beside the form. Without scripts the form works too. A share link brings
 * its token in the fragment, which no server and no log sees; somebody has to want it, since it takes the place of whoever is logged in.
 */
const link = /^#share=(share-[a-z2-7]{6})\.([A-Za-z0-9_-]{43})$/.exec(location.hash);
const form = document.querySelector(link ? "#shared" : "form");
const button = form.querySelector("button");
const message = form.querySelector("[role=alert]");

if (link) {
	document.querySelector("form").hidden = true;
	form.hidden = false;
}

function say(text) {
	message.textContent = text;
	message.hidden = text === "";
}

function reasonOf(response) {
	const seconds = Number(response.headers.get("Retry-After")) || 1;

	switch (response.status) {
	case 403:
		return link ? "This link is no good any more." : "Wrong name or password.";
	case 429:
		return `Too many tries. Wait ${seconds} s, then try again.`;
	case 503:
		return "The server is busy. Try again.";
	default:
		return `The server answers ${response.status}.`;
	}
}

async function logIn() {
	const body = link ? new URLSearchParams({name: link[1], password: link[2]}) : new URLSearchParams(new FormData(form));
	const response = await fetch("/login", {method: "POST", body, redirect: "manual"});

	if (response.type === "opaqueredirect" || response.ok) {
		if (link)
			location.replace("/");
		else if (location.pathname === "/")
			location.reload();
		else
			location.replace(`/${location.hash}`);
		return;
	}
	say(reasonOf(response));
	form.elements.password?.select();
}

form.addEventListener("submit", async (event) => {
	event.preventDefault();
	say("");
	button.disabled = true;
	try {
		await logIn();
	} catch {
		say("The server does not answer.");
	} finally {
		button.disabled = false;
	}
});
