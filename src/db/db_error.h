#pragma once
/* What an SQLSTATE means for the caller; see db_unit.h. Source: PostgreSQL documentation, appendix A. */

int db_error_code(const char *sqlstate);
