/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs in without leaving the page, so that what is wrong is said beside the form. Without scripts the form works too. A share link brings
 * its token in the fragment, which no server and no log sees; somebody has to want it, since it takes the place of whoever is logged in.
 */
const link = /^#share=(share-[a-z2-7]{6})\.([A-Za-z0-9_-]{43})$/.exec(location.hash);
const form = document.querySelector(link ? "#shared" : "form");
const button = form.querySelector("button");
const message = form.querySelector("[role=alert]");
const WAIT_MAX_S = 3600;

if (link) {
	document.querySelector("form").hidden = true;
	form.hidden = false;
}

function say(text, state = "bad") {
	message.textContent = text;
	message.dataset.state = state;
	message.hidden = text === "";
}

/* Whether the page was left because its session is over; told once. */
function hasEnded() {
	try {
		const ended = sessionStorage.getItem("casemate-ended") !== null;

		sessionStorage.removeItem("casemate-ended");
		return ended;
	} catch {
		return false;
	}
}

/* Nobody tries in vain: the button says how long to wait, and works again then. */
async function wait(seconds) {
	const text = button.textContent;

	for (let left = seconds; left > 0; left--) {
		button.textContent = `Wait ${left}\u00a0s`;
		await new Promise((done) => setTimeout(done, 1000));
	}
	button.textContent = text;
}

function reasonOf(response) {
	switch (response.status) {
	case 403:
		return link ? "This link is no good any more." : "Wrong name or password.";
	case 429:
		return "Too many wrong tries: the next one has to wait.";
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
	if (response.status === 429)
		await wait(Math.min(Number(response.headers.get("Retry-After")) || 1, WAIT_MAX_S));
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

if (hasEnded() && !link)
	say("Your session has ended. Log in again: you come back to where you were.", "note");
