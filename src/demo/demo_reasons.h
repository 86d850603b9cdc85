#pragma once
/* The reasons of each trade; demo_trade.c picks them up. */
#include "demo_trade.h"

#define DEMO_REASONS 7 /* of one trade */
#define DEMO_REASONS_COMMON 4

extern const struct demo_reason demo_reasons_dentist[DEMO_REASONS];
extern const struct demo_reason demo_reasons_plumber[DEMO_REASONS];
extern const struct demo_reason demo_reasons_vet[DEMO_REASONS];
extern const struct demo_reason demo_reasons_law[DEMO_REASONS];
extern const struct demo_reason demo_reasons_salon[DEMO_REASONS];
extern const struct demo_reason demo_reasons_hvac[DEMO_REASONS];
extern const struct demo_reason demo_reasons_garage[DEMO_REASONS];
extern const struct demo_reason demo_reasons_electrician[DEMO_REASONS];
extern const struct demo_reason demo_reasons_physio[DEMO_REASONS];
extern const struct demo_reason demo_reasons_locksmith[DEMO_REASONS];
extern const struct demo_reason demo_reasons_roofer[DEMO_REASONS];
extern const struct demo_reason demo_reasons_caterer[DEMO_REASONS];
extern const struct demo_reason demo_reasons_common[DEMO_REASONS_COMMON];
