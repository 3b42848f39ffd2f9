/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of keys. -> a function that shows it. */
export function setUp(dialog, opener) {
	const show = () => dialog.open || dialog.showModal();

	opener.addEventListener("click", show);
	dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
	return show;
}
