/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a site file for one more camera: what changes a site is its file alone, so this only writes them down. */
export const VENDORS = ["amcrest", "annke", "axis", "bosch", "dahua", "foscam", "hanwha", "hikvision", "hilook", "i-pro", "lorex", "reolink", "sony",
	"tapo", "uniview", "vivotek"];
const OTHER = "other";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const USER = /^[A-Za-z0-9._@-]{0,64}$/;

const isV4 = (text) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((n) => Number(n) <= 255);

function isV6(text) {
	try {
		return /^[0-9a-fA-F:.]{2,45}$/.test(text) && text.includes(":") && new URL(`http://[${text}]/`).hostname !== "";
	} catch {
		return false;
	}
}

/* Numbers, with or without a port, as a site file has them: IPv6 in brackets, which may be left out where no port follows. null: neither. */
function addressOf(text) {
	const [, host, port = ""] = /^(\[[^\]]*\]|[^:]*)(:[1-9][0-9]{0,4})?$/.exec(text) ?? [];

	if (isV6(text))
		return `[${text}]`;
	if (host === undefined || Number(port.slice(1)) > 65535)
		return null;
	return isV4(host) || (host.startsWith("[") && isV6(host.slice(1, -1))) ? host + port : null;
}

/* -> {lines, commands}, or {why}. */
export function written({name, vendor, address, stream, user}) {
	if (!NAME.test(name))
		return {why: "A name is of a-z, 0-9 and hyphens between them, at most 32."};
	const host = addressOf(address.trim());

	if (!host)
		return {why: "The address is written in numbers, as 192.0.2.11: a name would let whoever answers for it have the password."};
	if (!USER.test(user))
		return {why: "This user's name is none that a camera has."};
	const source = vendor === OTHER ? `rtsp://${host}/` : `${vendor} ${host} ${stream}`;
	const login = user === "" ? "" : `    user: ${user}\n    password_file: secrets/${name}.txt\n`;

	return {
		lines: `cameras:\n  ${name}:\n    source: ${source}\n${login}`,
		commands: (user === "" ? "" : `install -m 600 /dev/stdin secrets/${name}.txt     # type the password, Ctrl-D\n`) +
			`casemate check -c site.yaml\ncasemate reload -c site.yaml`,
	};
}

export function setUp(form, lines, commands, said) {
	const {elements} = form;
	const show = () => {
		const made = written(Object.fromEntries(new FormData(form)));

		said.textContent = made.why ?? "";
		lines.textContent = made.lines ?? "";
		commands.textContent = made.commands ?? "";
	};

	elements.vendor.replaceChildren(...[...VENDORS, OTHER].map((v) => new Option(v === OTHER ? "another, by its address" : v, v)));
	elements.vendor.value = "axis";
	form.addEventListener("input", show);
	form.addEventListener("submit", (event) => event.preventDefault());
	show();
}
