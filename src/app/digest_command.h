#pragma once
/* `ringback digest`: what became of the digests of one date, how one looks, and sending them now. Prints to standard output,
 * complains on standard error. */

/* Reads the words and does it. The exit code: 0, 1 when something did not go out or did not work, 2 when it cannot be. */
int digest_command_run(int argc, char **argv);
