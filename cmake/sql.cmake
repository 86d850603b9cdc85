# SQL is written in .sql files only. This turns them into C tables: sql/statements/*.sql ("-- name: x", "-- role: y")
# into STMT_X and sql_statements[], sql/migrations and sql/local into sql_migrations[] and sql_local[].
set(sql_out ${CMAKE_BINARY_DIR}/sql)
file(MAKE_DIRECTORY ${sql_out})
file(GLOB sql_statements CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/statements/*.sql)
file(GLOB sql_migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/migrations/*.sql)
file(GLOB sql_local CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/local/*.sql)
set(sql_awk ${CMAKE_SOURCE_DIR}/cmake/embed_sql.awk)

add_custom_command(OUTPUT ${sql_out}/sql_statements.h ${sql_out}/sql_statements.c
  COMMAND env LC_ALL=C awk -v what=statements -v out=${sql_out} -f ${sql_awk} ${sql_statements}
  DEPENDS ${sql_statements} ${sql_awk} VERBATIM)
add_custom_command(OUTPUT ${sql_out}/sql_migrations.h ${sql_out}/sql_migrations.c
  COMMAND env LC_ALL=C awk -v what=migrations -v out=${sql_out} -f ${sql_awk} ${sql_local} ${sql_migrations}
  DEPENDS ${sql_local} ${sql_migrations} ${sql_awk} VERBATIM)
add_library(sql STATIC ${sql_out}/sql_statements.c ${sql_out}/sql_migrations.c ${sql_out}/sql_statements.h
  ${sql_out}/sql_migrations.h)
target_include_directories(sql PUBLIC ${sql_out})
