/* SPDX-License-Identifier: Apache-2.0 */
/* Locked cards: a PIN typed by a person goes to the card once; one that is to be remembered is sealed by the TRE for that ICCID, once the card has taken
 * it, and tried by itself once each time the card appears locked. Writes PinRemembered and LockHint of the Sim nodes. */
#ifndef BOOTSTRAP_SIM_PIN_H
#define BOOTSTRAP_SIM_PIN_H

#include "bootstrap/site.h"

struct sim_pins;

struct sim_pins *sim_pins_new(struct site *site);
void sim_pins_free(struct sim_pins *p); /* NULL is fine; what is under way is not answered any more */
/* Modems, cards or the TRE changed. Makes the automatic try where it is due. */
void sim_pins_look(struct sim_pins *p);
/* One try as modem_send_pin; remember: also seals it if the card takes it. NOT_SUPPORTED if the card does not tell its ICCID while locked, NOT_READY
 * without TRE: then nothing was tried. The PIN is copied into secret memory. fn once, from the loop. */
void sim_pins_send(struct sim_pins *p, const char *sim, const char *pin, bool remember, modem_done_fn *fn, void *user);
/* NOT_FOUND if none is remembered for that card. */
enum error_code sim_pins_forget(struct sim_pins *p, const char *sim, struct error *err);

#endif
