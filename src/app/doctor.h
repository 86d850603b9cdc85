#pragma once
/* `ringback doctor`: looks at settings, database and mail with the server's own login, and says what is amiss and what helps.
 * One line a finding: ok, warn or fatal, what it is, and the remedy. Changes nothing. */

/* The exit code: 1 when something is fatal, 2 for words that it does not know. */
int doctor_run(int argc, char **argv);
