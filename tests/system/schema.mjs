// SPDX-License-Identifier: GPL-2.0-or-later
// schema.mjs SCHEMA.json < DOCUMENT.json: as much of JSON Schema as ours use, and stricter: a key that the schema does not name is a
// fault too, since then nobody has written it down. Prints each fault; exits 1 when there was one.
import {readFileSync} from "node:fs";

const known = new Set(["$schema", "title", "description", "type", "properties", "required", "items", "enum", "pattern", "minimum"]);
const faults = [];

function typeOf(v) {
	if (v === null)
		return "null";
	if (Array.isArray(v))
		return "array";
	return Number.isInteger(v) ? "integer" : typeof v;
}

function check(v, schema, at) {
	const type = typeOf(v);
	const allowed = [schema.type].flat();

	for (const word of Object.keys(schema))
		if (!known.has(word))
			throw new Error(`${at}: the schema says "${word}", which is not looked at here`);
	if (!allowed.includes(type) && !(type === "integer" && allowed.includes("number")))
		faults.push(`${at}: ${type}, not ${allowed.join(" or ")}`);
	else if (schema.enum && !schema.enum.includes(v))
		faults.push(`${at}: ${JSON.stringify(v)} is none of ${JSON.stringify(schema.enum)}`);
	else if (type === "string" && schema.pattern && !new RegExp(schema.pattern, "u").test(v))
		faults.push(`${at}: "${v}" is not like ${schema.pattern}`);
	else if (type === "integer" && v < (schema.minimum ?? -Infinity))
		faults.push(`${at}: ${v} is below ${schema.minimum}`);
	else if (type === "array")
		v.forEach((item, i) => check(item, schema.items, `${at}[${i}]`));
	else if (type === "object")
		checkObject(v, schema, at);
}

function checkObject(v, schema, at) {
	for (const key of schema.required)
		if (!(key in v))
			faults.push(`${at}: "${key}" is missing`);
	for (const [key, value] of Object.entries(v)) {
		if (schema.properties[key])
			check(value, schema.properties[key], `${at}.${key}`);
		else
			faults.push(`${at}: "${key}" is not in the schema`);
	}
}

check(JSON.parse(readFileSync(0, "utf8")), JSON.parse(readFileSync(process.argv[2], "utf8")), "status");
for (const fault of faults)
	console.log(fault);
process.exit(faults.length ? 1 : 0);
