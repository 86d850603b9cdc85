#include "demo_talk.h"
#include "caps.h"
#include <assert.h>
#include <stdio.h>

/* One speaks, the other answers. */
struct exchange {
    const char *first, *second;
    bool caller_first;
};

/* A call while it is made up. */
struct talk {
    const struct demo_scene *scene;
    const struct demo_end *end;
    const struct demo_reason *reason;
    struct demo_slots slots;
    struct demo_random *r;
    struct demo_words *out;
    const char *urgency;
    char callback[DEMO_PHONE_BYTES];
    struct demo_line detail; /* what the caller answered about the reason */
    char clock[DEMO_CLOCK_BYTES];
    bool knows_name, knows_day;
};

static const char greeting[] =
    "{Thank you for calling {business}.|You have reached {business}.|Hello, this is {business}.|{business}, hello.} "
    "{Everybody is busy at the moment. What can I do for you?|I am the virtual assistant. What are you calling about?|"
    "How can I help you?|Nobody can come to the phone right now, but I can help. What is it about?}";
static const struct exchange asks_name = {
    "{May I have your name, please?|Who am I speaking with?|Could you tell me your name?|And your name, please?}",
    "{It is {name}.|{name}.|My name is {name}.|{name}, I have called before.|Sure, {name}.}", false};
static const struct exchange asks_day = {
    "{When would suit you?|What day works for you?|Is there a day that suits you best?|When can you be reached?}",
    "{{day} {part}, if possible.|{day} would be good.|Any time {day}.|{day} {part}.|Best {day}, {part}.}", false};
static const struct exchange asks_number = {
    "{Is the number ending in {tail} the best one to reach you?|May {staff} call you back on the number ending in {tail}?|"
    "Shall we use the number that ends in {tail}?}",
    "{Yes, please.|Yes, that is my cell phone.|That works.|Yes, any time {part}.|Yes, or leave a message.}", false};
static const struct exchange asks_other_number = {
    "{Is the number you are calling from the best one to reach you?|May {staff} call you back on this number?}",
    "{No, better on the one that ends in {tail}.|I am at work, please take the one ending in {tail}.|"
    "Use my husband's, it ends in {tail}.}",
    false};
static const struct exchange asks_withheld = {
    "{Your number is withheld. How can we reach you?|I do not see a number. What can we call you on?}",
    "{I would rather call again.|I will call again {day}.|I will try later.}", false};
static const struct exchange extras[] = {
    {"{Do you know what that costs?|What will it cost, roughly?|Is there a fee for that?}",
     "{It usually begins at {price}, but {staff} will tell you exactly.|I cannot promise, most people pay around {price}.|"
     "{staff} will give you a price, often it is about {price}.}",
     true},
    {"{Are you still on {street}?|Are you the ones on {street}?|Where do I park?}",
     "{Yes, there is parking behind the house.|Yes, the entrance is around the corner.|We are, and the bus stops close by.}",
     true},
    {"{How late are you open?|Are you open on Saturday?|Is somebody there {day}?}",
     "{I will have {staff} confirm that.|I note the question, {staff} will tell you.|Let me write that down for {staff}.}",
     true},
};
static const struct exchange closes = {
    "{I have noted that, {staff} will call you back.|Thank you, I pass that on, and {staff} will get back to you.|"
    "All right, {staff} will confirm {day} with you.|I have everything I need, {staff} will be in touch.}",
    "{Thank you.|Great, thanks.|Perfect, goodbye.|Thanks for your help.|All right, bye.|Thank you, have a good day.}",
    false};
static const struct exchange closes_urgent = {
    "{I mark this as urgent, {staff} will call you right away.|That sounds urgent, {staff} will call you within the hour.|"
    "I let {staff} know at once, please keep your phone close.}",
    "{Thank you so much.|Please hurry.|Okay, thank you.|I will wait for the call.|Thanks, that helps.}", false};
static const struct exchange asks_appointment = {
    "{When would suit you?|What day works for you?|Is there a day that suits you best?}",
    "{{day} would be good.|{day}, if possible.|Any time {day}.}", false};
static const struct exchange offers = {
    "{I have {day} at {time}, shall I book it?|{day} at {time} is free. Does that suit you?|I can offer {day} at {time}.}",
    "{Yes, please.|Perfect, I take it.|That works for me.|Great, book it.}", false};
static const struct exchange offers_another = {
    "{I am sorry, that time was just taken. I still have {time} that day.|Somebody was faster, but {time} is free.}",
    "{Then that one.|That is fine too.|All right, {time}.}", false};
static const struct exchange books = {
    "{You are booked for {day} at {time}.|Done, we see you {day} at {time}.|That is booked: {day} at {time}.}",
    "{Thank you.|Great, thanks.|Perfect, goodbye.|Thanks, see you then.}", false};
static const struct exchange requests = {
    "{I have asked for {day} at {time}, {staff} will confirm it.|{day} at {time} is noted, you will hear from {staff}.}",
    "{All right, thank you.|Great, I wait for that.|Okay, thanks.}", false};
static const struct exchange reaches_nothing = {
    "{I could not reach the calendar just now, {staff} will call you to find a time.|"
    "I am sorry, I do not get through to the calendar, {staff} will call you about {day}.}",
    "{All right.|Okay, please do.|That is fine, thanks.}", false};
static const struct exchange puts_through = {
    "{One moment, I connect you with {staff}.|Let me put you through to {staff}.|I will transfer you now, please hold.}",
    "{Thank you.|Thanks.|Okay.|Great.}", false};
static const struct exchange comes_back = {
    "{I am sorry, nobody can take the call right now, I have taken a note.|{staff} does not answer, I leave a message for them.|"
    "Nobody picks up, I am sorry, they will call you back.}",
    "{All right.|Okay, thanks.|I will try again later.|That is a pity.}", false};
static const char still_there[] = "{Hello, are you still there?|I cannot hear you, are you there?|Is anybody there?}";
static const char gives_up[] =
    "{I still cannot hear you. Please call again. Goodbye.|I will end the call now, please try again.|Nobody there. Goodbye.}";
static const struct exchange wrong_numbers[] = {
    {"{Sorry, wrong number.|Oh, I wanted the pharmacy.|Is this the school?|I must have misdialed.|This is not the library?}",
     "{No problem, goodbye.|I am afraid this is {business}.|You have reached {business}, I am sorry.}", true},
    {"{Your business listing will expire soon.|You have been chosen for a business loan.|I am calling about your car's warranty.|"
     "We can put you on page one of the search.|Do you want to pay less for electricity?}",
     "{Thank you, we are not interested.|Please take this number off your list.|No, thank you, goodbye.}", true},
};
static const char machine[] =
    "{Your call is important to us, please stay on the line.|Press one to hear this message again.|"
    "This is an automated reminder about your delivery.|The office is closed, please leave a message.}";

void demo_words_init(struct demo_words *w)
{
    *w = (struct demo_words){.text = buf_make(CAP_DEMO_TALK_BYTES),
                             .summary = buf_make(CAP_DEMO_TALK_BYTES),
                             .analysis = buf_make(CAP_DEMO_TALK_BYTES)};
}

void demo_words_free(struct demo_words *w)
{
    buf_free(&w->text);
    buf_free(&w->summary);
    buf_free(&w->analysis);
}

static void say(struct talk *t, bool caller, const char *template)
{
    struct demo_words *w = t->out;
    size_t from = w->text.len;
    assert(w->count < DEMO_LINES);
    demo_put_text(&w->text, template, &t->slots, t->r);
    if (w->text.data[from] >= 'a' && w->text.data[from] <= 'z') {
        w->text.data[from] = (char)(w->text.data[from] - 'a' + 'A');
    }
    w->lines[w->count++] = (struct demo_line){caller, from, w->text.len - from};
}

static void have(struct talk *t, const struct exchange *e)
{
    say(t, e->caller_first, e->first);
    say(t, !e->caller_first, e->second);
}

static void say_opening(struct talk *t, bool with_name)
{
    struct demo_words *w = t->out;
    say(t, true, "{Hi.|Hello.|Yes, hello.|Hi there.|Good that somebody answers.}");
    w->count--; /* one line with what follows */
    size_t from = w->lines[w->count].from;
    demo_put_byte(&w->text, ' ');
    demo_put_text(&w->text, with_name ? "{This is {name}.|{name} here.|My name is {name}.} " : "", &t->slots, t->r);
    demo_put_text(&w->text, t->reason->opening, &t->slots, t->r);
    w->lines[w->count++] = (struct demo_line){true, from, w->text.len - from};
    t->knows_name |= with_name;
}

static void ask_detail(struct talk *t)
{
    say(t, false, t->reason->question);
    say(t, true, t->reason->answer);
    t->detail = t->out->lines[t->out->count - 1];
}

static void ask_number(struct talk *t)
{
    bool other = demo_random_often(t->r, 120);
    if (!t->callback[0]) {
        have(t, &asks_withheld);
        return;
    }
    if (other) {
        demo_place_caller(t->scene->call->business->index, demo_random_below(t->r, DEMO_CALLERS), t->callback);
    }
    t->slots.of[SLOT_TAIL] = str_skip(str_of(t->callback), DEMO_PHONE_BYTES - 5);
    have(t, other ? &asks_other_number : &asks_number);
}

static void take_time(struct talk *t, int attempt)
{
    const struct demo_time *at = &t->out->booking.times[attempt];
    demo_booking_clock(at, t->clock);
    t->slots.of[SLOT_TIME] = str_of(t->clock);
    t->slots.of[SLOT_DAY] = demo_place_day(t->scene->weekday, at->days_ahead);
}

/* Most callers who can be booked want to be. */
static void plan_booking(struct talk *t)
{
    const struct demo_call *call = t->scene->call;
    const struct demo_trade *trade = call->business->trade;
    bool can = call->business->books && t->end->talk == TALK_WHOLE && !call->live &&
               call->reason < trade->reason_count && trade->bookable >> call->reason & 1;
    t->out->booking = (struct demo_booking){.what = DEMO_NOT_BOOKED};
    if (can && demo_random_often(t->r, 700)) {
        t->out->booking = demo_booking_make(t->scene->weekday, trade->opens, trade->closes, t->r);
        take_time(t, 0);
    }
}

static void talk_booking(struct talk *t)
{
    enum demo_booked what = t->out->booking.what;
    have(t, &asks_appointment);
    if (what != DEMO_UNREACHED) {
        have(t, &offers);
    }
    if (what == DEMO_SECOND_TIME) {
        take_time(t, 1);
        have(t, &offers_another);
    }
    have(t, what == DEMO_UNREACHED ? &reaches_nothing : what == DEMO_PENDING_THERE ? &requests : &books);
}

/* The more lines are wanted, the more is asked; what is needed most is asked first of all. */
static void talk_whole(struct talk *t)
{
    size_t lines = t->scene->lines;
    bool urgent = t->reason->urgency == URGENCY_HIGH;
    say_opening(t, lines < 6 && !t->out->booking.count);
    if (lines >= 8) {
        ask_detail(t);
    }
    if (lines >= 6 || t->out->booking.count) {
        have(t, &asks_name);
        t->knows_name = true;
    }
    if (t->out->booking.count) {
        talk_booking(t);
        return;
    }
    if (lines >= 14) {
        have(t, &extras[demo_random_below(t->r, sizeof(extras) / sizeof(extras[0]))]);
    }
    if (lines >= 12) {
        ask_number(t);
    }
    if (lines >= 10 && !urgent) {
        have(t, &asks_day);
        t->knows_day = true;
    }
    have(t, urgent ? &closes_urgent : &closes);
}

static void talk_transfer(struct talk *t)
{
    say_opening(t, true);
    if (t->scene->lines >= 7) {
        ask_detail(t);
    }
    have(t, &puts_through);
    if (t->end->talk == TALK_IN_VAIN) {
        have(t, &comes_back);
    }
}

static void talk_cut(struct talk *t)
{
    say_opening(t, demo_random_often(t->r, 500));
    if (t->scene->lines >= 8) {
        ask_detail(t);
    }
    if (t->scene->lines >= 10) {
        have(t, &asks_name);
        t->knows_name = true;
    }
}

static void talk_lines(struct talk *t)
{
    if (t->end->talk == TALK_NONE) {
        return;
    }
    say(t, false, greeting);
    switch (t->end->talk) {
    case TALK_WHOLE:
        talk_whole(t);
        break;
    case TALK_TRANSFER:
    case TALK_IN_VAIN:
        talk_transfer(t);
        break;
    case TALK_CUT:
        talk_cut(t);
        break;
    case TALK_SILENCE:
        say(t, false, still_there);
        say(t, false, gives_up);
        break;
    case TALK_WRONG:
        have(t, &wrong_numbers[demo_random_below(t->r, 2)]);
        break;
    case TALK_MACHINE:
        say(t, true, machine);
        break;
    default:
        break;
    }
}

static void put_summary(struct talk *t)
{
    static const char *const endings[] = {
        [TALK_TRANSFER] = " {Was put through to {staff}.|Transferred to {staff}.}",
        [TALK_IN_VAIN] = " {The transfer was not answered.|Nobody took the transfer, waits for a call.}",
        [TALK_CUT] = " {The call broke off.|The call ended before everything was said.}",
    };
    static const char *const bookings[] = {
        [DEMO_NOT_BOOKED] = "",
        [DEMO_CONFIRMED] = " {Booked for {day} at {time}.|Comes in {day} at {time}.}",
        [DEMO_PENDING_THERE] = " {Asked for {day} at {time}, to be confirmed.|{day} at {time} waits for confirmation.}",
        [DEMO_SECOND_TIME] = " {Booked for {day} at {time}, the first choice was taken.|Comes in {day} at {time}.}",
        [DEMO_UNREACHED] = " {The calendar could not be reached, waits for a call.|Could not be booked, wants {day}.}",
    };
    struct buf *out = &t->out->summary;
    enum demo_talk talk = t->end->talk;
    if (talk == TALK_WRONG) {
        demo_put_text(out, "{Wrong number.|A sales call.|Not meant for this business.}", &t->slots, t->r);
    } else if (talk == TALK_WHOLE || talk == TALK_TRANSFER || talk == TALK_IN_VAIN || talk == TALK_CUT) {
        demo_put_text(out,
                      t->knows_name ? "{{name}: {reason}.|{name} called, {reason}.|Call from {name}: {reason}.}"
                                    : "{A caller: {reason}.|Call about: {reason}.|No name given, {reason}.}",
                      &t->slots, t->r);
        demo_put_byte(out, ' ');
        demo_put_text(out, t->reason->wish, &t->slots, t->r);
        if (t->detail.n) {
            demo_put_text(out, " {Said: |In the caller's words: |Adds: |On the question: }", &t->slots, t->r);
            demo_put(out, (struct str){t->out->text.data + t->detail.from, t->detail.n});
        }
        demo_put_text(out,
                      t->knows_day ? " {Suggested {day} {part}.|Free {day}, {part}.|Would suit: {day} {part}.}" : "",
                      &t->slots, t->r);
        demo_put_text(out, bookings[t->out->booking.what], &t->slots, t->r);
        demo_put_text(out, talk < sizeof(endings) / sizeof(endings[0]) && endings[talk] ? endings[talk] : "", &t->slots,
                      t->r);
    }
}

static void put_member(struct buf *out, struct str name, struct str value)
{
    demo_put(out, out->data[out->len - 1] == '{' ? STR("\"") : STR(", \""));
    demo_put(out, name);
    demo_put(out, STR("\": \""));
    demo_put(out, value);
    demo_put_byte(out, '"');
}

static void put_analysis(struct talk *t)
{
    struct buf *out = &t->out->analysis;
    demo_put_byte(out, '{');
    if (t->out->summary.len) {
        put_member(out, STR("summary"), buf_str(&t->out->summary));
        demo_put(out, STR(", \"structuredData\": {"));
        put_member(out, STR("reason"), t->slots.of[SLOT_REASON]);
        put_member(out, STR("urgency"), str_of(t->urgency));
        t->out->reason = t->slots.of[SLOT_REASON];
        if (t->knows_name) {
            t->out->name = t->slots.of[SLOT_NAME];
            put_member(out, STR("callerName"), t->slots.of[SLOT_NAME]);
        }
        if (t->callback[0] && (t->end->talk == TALK_WHOLE || t->end->talk == TALK_IN_VAIN)) {
            put_member(out, STR("callbackNumber"), str_of(t->callback));
        }
        demo_put(out, STR("}, "));
        demo_put(out,
                 t->end->missed ? STR("\"successEvaluation\": \"false\"") : STR("\"successEvaluation\": \"true\""));
    }
    demo_put_byte(out, '}');
}

void demo_talk(const struct demo_scene *s, struct demo_random *r, struct demo_words *out)
{
    static const char *const urgencies[] = {"low", "normal", "high"};
    const struct demo_call *call = s->call;
    struct talk t = {.scene = s, .end = &demo_ends[call->end], .r = r, .out = out};
    bool wrong = t.end->talk == TALK_WRONG;
    t.reason = demo_reason(call->business->trade, call->reason);
    t.urgency = urgencies[wrong ? URGENCY_LOW : t.reason->urgency];
    snprintf(t.callback, sizeof(t.callback), "%s", s->caller_phone);
    demo_place_slots(&t.slots, s->weekday, r);
    t.slots.of[SLOT_NAME] = demo_place_person(call->business->seed + (*s->caller_phone ? call->caller : call->seed));
    t.slots.of[SLOT_BUSINESS] = str_of(call->business->name);
    t.slots.of[SLOT_STAFF] = str_of(call->business->trade->staff);
    t.slots.of[SLOT_REASON] = wrong ? STR("wrong number") : str_of(t.reason->reason);
    out->text.len = out->summary.len = out->analysis.len = out->count = 0;
    out->reason = out->name = (struct str){NULL, 0};
    plan_booking(&t);
    talk_lines(&t);
    if (demo_end_has_report(t.end)) {
        put_summary(&t);
        put_analysis(&t);
    }
}
