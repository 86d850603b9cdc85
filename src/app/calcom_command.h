#pragma once
/* `ringback calcom`: who has a calendar at Cal.com, connecting one, switching booking on and off. Prints to standard output,
 * complains on standard error; never a key. */

/* Reads the words and does it. The exit code: 0, 1 when something is not good or did not work, 2 when it cannot be asked. */
int calcom_command_run(int argc, char **argv);
