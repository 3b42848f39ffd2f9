/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that people run: a table of its words. */
#include <stdio.h>
#include <string.h>

#include "server/commands.h"
#include "server/libexec.h"

static int cmd_camera(int argc, char **argv)
{
	return libexec_become("camera", argv);
}

static int cmd_verify(int argc, char **argv)
{
	return libexec_become("verify", argv);
}

static int cmd_export(int argc, char **argv)
{
	return libexec_become("export", argv);
}

static int cmd_witness(int argc, char **argv)
{
	return libexec_become("witness", argv);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"run", cmd_run, "start the server"},
	{"check", cmd_check, "say what is wrong with a site file, or what it means"},
	{"probe", cmd_probe, "say what a camera offers, and what to write of it in the site file"},
	{"reload", cmd_reload, "have the running server take its changed site file"},
	{"top", cmd_top, "show what the running server does, live"},
	{"alarms", cmd_alarms, "say what is wrong, and what was"},
	{"sign-config", cmd_sign_config, "sign a site file for machines that take no other"},
	{"status", cmd_status, "ask the running server how it is"},
	{"sessions", cmd_sessions, "say who is logged in, and end it"},
	{"share", cmd_share, "make a link by which somebody sees one camera for a while"},
	{"inventory", cmd_inventory, "say what the cameras are: maker, chip, and what is wrong with them"},
	{"audit", cmd_audit, "print all that can be attacked of a site, on one page"},
	{"verify", cmd_verify, "tell whether footage is whole, unchanged and in order"},
	{"export", cmd_export, "copy a camera's footage of a time, with all that proves it"},
	{"witness", cmd_witness, "look at another site's log, and cosign what extends what was seen before"},
	{"keygen", cmd_keygen, "make the site's signing key, or a TLS certificate"},
	{"passwd", cmd_passwd, "make the lines of a user for the site file"},
	{"backup", cmd_backup, "put keys, state and site files into one file, enciphered"},
	{"restore", cmd_restore, "put back what a backup holds"},
	{"camera", cmd_camera, "be a test camera"},
	{"version", cmd_version, "print the version, or what the programs are made of"},
};

static void help(FILE *to)
{
	fputs("usage: casemate COMMAND [ARGUMENTS]\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].what);
	fputs("casemate COMMAND --help tells more; so does man casemate-COMMAND.\n"
	      "First time: casemate keygen, casemate passwd, a site file (man casemate-site), casemate check, casemate run.\n", to);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version"))
		return cmd_version(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "casemate: no command \"%.40s\"\n", argv[1]);
	help(stderr);
	return 2;
}
