#include "demo_reasons.h"

#define LOW URGENCY_LOW
#define NORMAL URGENCY_NORMAL
#define HIGH URGENCY_HIGH

const struct demo_reason demo_reasons_electrician[DEMO_REASONS] = {
    {"power out", HIGH, 16, "Half of the house has had no power {since}.", "Did a breaker trip, and does it stay in?",
     "{It trips again at once.|All breakers are in.|I do not dare to touch it.}", "Needs an electrician {day}."},
    {"sparking outlet", HIGH, 12, "An outlet {in the kitchen|in the nursery|behind the couch} {sparks|smells burnt}.",
     "Please switch off its breaker. Have you done that?", "{Yes.|I will do it now.|I do not know which one it is.}",
     "Dangerous outlet, needs somebody soon."},
    {"flickering lights", NORMAL, 16, "The lights have {flickered|been dim} {since}.",
     "In one room or in the whole house?", "{Only upstairs.|Everywhere.|In the kitchen, when the fridge starts.}",
     "Would like it checked {day}."},
    {"car charger", LOW, 16, "I want a charger for an electric car in the garage on {street}.",
     "Do you know how old the panel is?", "{About twenty years.|It is new.|No idea, it has a grey door.}",
     "Asks for a quote for a car charger."},
    {"ceiling fan", LOW, 12, "Can you put up a {ceiling fan|new light} {day}?", "Is there a light at that place now?",
     "{Yes, an old one.|No, nothing.|There is a box in the ceiling.}", "Would like a fan or light put up."},
    {"panel upgrade", NORMAL, 10, "Our {inspector|insurance} says we need a new panel.", "Do you have that in writing?",
     "{Yes, I can send it.|Not yet.|It is in the report.}", "Asks for a quote for a new panel."},
    {"outdoor lighting", LOW, 8, "We would like lights along {the driveway|the garden path}.", "About how long is it?",
     "{Thirty feet.|I would have to measure.|Not long, six lights.}", "Would like a visit and a price."},
};

const struct demo_reason demo_reasons_physio[DEMO_REASONS] = {
    {"back pain", HIGH, 20, "I have had {bad|sharp} back pain {since}.", "Does it go down into a leg?",
     "{Into the left leg.|No, only the back.|Sometimes, when I sit.}", "Would like to be seen {day}."},
    {"knee after surgery", NORMAL, 16, "I had knee surgery {three weeks ago|last month|in the fall} and need therapy.",
     "Do you have a referral?", "{Yes, for twelve visits.|The doctor will send it.|Not yet.}",
     "Needs a series of appointments after surgery."},
    {"shoulder", NORMAL, 14, "My shoulder has been stiff {since}, I cannot lift my arm.", "Was there a fall?",
     "{No, it just began.|I fell off the bike.|It comes from work, I think.}", "Asks for a first appointment."},
    {"sports injury", NORMAL, 14, "I {twisted my ankle|pulled a muscle} at {soccer|running|basketball} {when}.",
     "Can you walk on it?", "{With a limp.|Yes, slowly.|Not really.}", "Would like an appointment {day}."},
    {"neck and headache", NORMAL, 12, "I have had a stiff neck and headaches {since}.", "Do you work at a screen?",
     "{All day.|Yes, from home.|No, I drive a truck.}", "Would like treatment for a stiff neck."},
    {"insurance and visits", LOW, 10, "How many visits does my insurance pay for?", "Which plan do you have?",
     "{The one from work.|I will send a picture of the card.|It changed {when}.}", "Asks about cover for visits."},
    {"home exercises", LOW, 8, "I lost the sheet with my exercises.", "Shall we send it by mail or email?",
     "{Email, please.|I can pick it up {day}.|Either.}", "Wants the exercises again."},
};

const struct demo_reason demo_reasons_locksmith[DEMO_REASONS] = {
    {"locked out", HIGH, 30, "I am locked out of my {house|apartment} on {street}.",
     "Is anybody inside, or is something on the stove?", "{No, nobody.|My dog is inside.|A child is asleep inside.}",
     "Locked out, needs somebody at once."},
    {"car keys", HIGH, 16, "My keys are locked in my car on {street}.", "What car is it?",
     "{A sedan, five years old.|A van.|It is a rental.}", "Keys are in the car, needs help at once."},
    {"change of locks", NORMAL, 18, "I {moved in|lost my keys|broke up} {when} and want the locks changed.",
     "How many doors are there?", "{Two.|Just the front door.|Three, with the garage.}",
     "Would like the locks changed {day}."},
    {"broken key", HIGH, 10, "My key broke off in the {front door|lock}.", "Is the door open or closed?",
     "{Closed, I am outside.|Open, luckily.|It is closed, but I am inside.}", "Key broke off in the lock."},
    {"spare keys", LOW, 10, "Can you copy a {car key|security key|mailbox key}?", "Is there a card or a code for it?",
     "{I have the card.|No.|There is a number on it.}", "Would like spare keys."},
    {"safe", NORMAL, 5, "I cannot open my safe, the code has not worked {since}.", "Do you know the make?",
     "{It is a small one, from a store.|I will look.|It is an old, heavy one.}", "Needs help to open a safe."},
    {"keypad lock", LOW, 8, "I want a {keypad|smart} lock for {the front door|a rental}.", "Is it a wooden door?",
     "{Yes.|Metal.|Glass, with a frame.}", "Asks for a price for a keypad lock."},
};

const struct demo_reason demo_reasons_roofer[DEMO_REASONS] = {
    {"leaking roof", HIGH, 20, "Water has come through the ceiling {in the bedroom|in the hall|in the attic} {since}.",
     "Is it still raining there?", "{Yes.|It stopped an hour ago.|No, but it drips.}",
     "Roof leaks, needs a visit {day}."},
    {"storm damage", HIGH, 16, "The storm took {shingles|a piece of flashing|part of the ridge} off {when}.",
     "Has the insurance been told?", "{Yes, they want pictures.|Not yet.|An adjuster comes {day}.}",
     "Wants storm damage repaired."},
    {"gutters", LOW, 18, "Our gutters {overflow|have come loose|need cleaning}.", "Is the house one floor or two?",
     "{Two.|One.|Two, with a porch.}", "Would like the gutters done {day}."},
    {"new roof", LOW, 16, "We need a quote for a new roof on {street}.", "How old is the roof?",
     "{Over twenty years.|We do not know.|Thirty, I think.}", "Asks for an estimate for a new roof."},
    {"skylight", LOW, 8, "Our skylight has {leaked|been fogged up|been cracked} {since}.",
     "Can it be reached from inside?", "{Yes.|Only with a ladder.|No.}", "Would like a skylight repaired."},
    {"inspection before a sale", NORMAL, 12, "We sell our house on {street} and need a roof inspection.",
     "By when do you need the report?", "{Within two weeks.|By {day}.|As soon as possible.}",
     "Needs an inspection and a report."},
    {"warranty", NORMAL, 6, "You did our roof {a few years ago|last year} and now it {leaks|creaks}.",
     "Do you have the papers?", "{Somewhere.|Yes.|No, but you should have them.}", "Asks for a repair under warranty."},
};

const struct demo_reason demo_reasons_caterer[DEMO_REASONS] = {
    {"wedding", NORMAL, 14, "We are looking for catering for a wedding on {street}.", "For how many guests?",
     "{About eighty.|A hundred and twenty.|Fifty, it is small.}", "Asks for a menu and a quote for a wedding."},
    {"birthday cake", NORMAL, 22, "I need a birthday cake for {day}.", "For how many, and what should it taste of?",
     "{Ten, chocolate.|Twenty, lemon, please.|A dozen, anything without nuts.}", "Orders a birthday cake for {day}."},
    {"office lunch", NORMAL, 18, "Can you do lunch for our office {day}?",
     "How many people, and is anybody vegetarian?", "{Fifteen, three vegetarians.|Thirty.|Eight, one without gluten.}",
     "Would like office lunch {day}."},
    {"is the order ready", HIGH, 12, "I wanted to ask whether my order is ready.", "In which name is it?",
     "{In mine.|In the name of the school.|In my husband's name.}", "Asks whether an order is ready."},
    {"change of an order", HIGH, 10, "I have to change the number of guests for {day}.", "How many will it be?",
     "{Six more.|Ten fewer.|About half.}", "Changes an order for {day}."},
    {"allergies", NORMAL, 8, "Do your {cakes|sandwiches|sauces} contain {nuts|sesame|milk}?",
     "Which one did you want to order?", "{The platter.|The small ones.|I am not sure yet.}",
     "Wants somebody to confirm allergens."},
    {"delivery", LOW, 10, "Do you deliver to {street}?", "For which day would it be?",
     "{For {day}.|Every Friday.|I do not know yet.}", "Asks about delivery."},
};
