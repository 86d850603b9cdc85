#pragma once
/* Strict JSON for what strangers sign: tokens and key sets. The whole document as a small tree in the arena. Refused: what
 * is no object, anything behind it, bad UTF-8, control bytes and NUL escapes, lone surrogates, a key twice in one object
 * (however it is escaped), more than CAP_TOKEN_MEMBERS members in one object, nesting deeper than CAP_TOKEN_DEPTH.
 * Private to token*.c and access_token.c. */
#include "arena.h"

enum token_json { TOKEN_JSON_WORD, TOKEN_JSON_NUMBER, TOKEN_JSON_STRING, TOKEN_JSON_ARRAY, TOKEN_JSON_OBJECT };

struct token_node {
    enum token_json kind;
    struct str key;  /* of a member, decoded */
    struct str text; /* STRING: decoded; NUMBER and WORD (true, false, null): as written */
    struct token_node *first, *next;
};

/* The object, or NULL when it is refused. */
const struct token_node *token_json_read(struct str doc, struct arena *a);
/* A member of an object; NULL when there is none. */
const struct token_node *token_json_member(const struct token_node *object, struct str key);
/* A member's text when it is a string, else absent. */
struct str token_json_string(const struct token_node *object, struct str key);
