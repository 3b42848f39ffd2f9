/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs in without leaving the page, so that what is wrong is said beside the form. Without scripts the form works too. */
const form = document.querySelector("form");
const button = form.querySelector("button");
const message = document.querySelector("#message");

function say(text) {
	message.textContent = text;
	message.hidden = text === "";
}

function reasonOf(response) {
	const seconds = Number(response.headers.get("Retry-After")) || 1;

	switch (response.status) {
	case 403:
		return "Wrong name or password.";
	case 429:
		return `Too many tries. Wait ${seconds} s, then try again.`;
	case 503:
		return "The server is busy. Try again.";
	default:
		return `The server answers ${response.status}.`;
	}
}

async function logIn() {
	const response = await fetch("/login", {method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual"});

	if (response.type === "opaqueredirect" || response.ok) {
		if (location.pathname === "/")
			location.reload();
		else
			location.replace(`/${location.hash}`);
		return;
	}
	say(reasonOf(response));
	form.elements.password.select();
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
