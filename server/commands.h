/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H
/*
 * The commands of `casemate`, one function each: argv[0] is the command's own
 * name, the rest its arguments. Each has --help. The return value is the exit
 * status: 0 good, 1 the answer is no, 2 could not tell (usage, no such file).
 */
int cmd_audit(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inventory(int argc, char **argv);
int cmd_keygen(int argc, char **argv);
int cmd_passwd(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_sign_config(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_alarms(int argc, char **argv);
int cmd_sessions(int argc, char **argv);
int cmd_share(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
