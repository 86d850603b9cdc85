#include "demo_place.h"
#include "demo_trade.h"
#include <assert.h>
#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define CODE_LETTERS 4 /* an area code and a blank */
#define NUMBERS_OF_CODE 100
#define CODES_NEARBY 10 /* area codes that a business is called from */
#define STRIDE 97       /* through the codes, so that neighbours in the list of businesses live in different places */
#define FIRST_NUMBER 42
#define NUMBER_STEP 7 /* has no divisor in common with 100: the numbers of one code differ */
#define FORWARD_STEP 77
#define CALLER_STRIDE 37 /* through the numbers nearby; has no divisor in common with any count of them */
#define UNMAPPED_NUMBER 99

const char *const demo_zones[DEMO_ZONES] = {
    "America/New_York",  "America/Chicago",  "America/Denver",    "America/Phoenix",  "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Halifax",   "America/St_Johns", "America/Toronto",
    "America/Winnipeg",  "America/Edmonton", "America/Vancouver",
};

static const char *const zone_codes[DEMO_ZONES] = {
    ("212 646 718 917 347 914 516 631 201 973 908 732 609 856 215 267 610 484 717 570 412 724 814 302 410 443 301 240 703 "
     "571 804 757 540 434 919 984 704 980 336 910 828 803 843 864 404 770 678 470 706 912 305 786 954 561 407 321 813 727 "
     "941 239 904 352 386 617 857 781 978 508 413 401 203 860 603 207 802 315 518 585 607 716 845 614 740 513 937 330 216 "
     "440 419 313 248 586 734 810 989 616 517 "),
    ("312 773 872 847 708 630 815 217 309 618 414 262 608 920 715 612 651 763 952 507 218 314 636 816 573 417 913 785 316 "
     "402 515 319 563 712 615 901 731 205 251 334 256 504 985 225 318 337 601 228 214 469 972 817 713 281 832 512 210 361 "
     "956 409 903 806 254 405 918 580 701 605 "),
    "303 720 970 719 801 385 435 505 575 406 307 208 ",
    "602 480 623 520 928 ",
    ("213 310 323 424 562 626 818 747 714 657 949 909 951 619 858 760 805 661 559 209 916 530 707 415 510 925 650 408 831 "
     "503 971 541 206 253 425 360 509 702 775 "),
    "907 ",
    "808 ",
    "902 ",
    "709 ",
    "416 647 905 289 519 613 705 ",
    "204 ",
    "403 780 587 ",
    "604 778 250 ",
};

static const char *const plants[] = {
    "Larkspur", "Juniper",  "Foxglove", "Hawthorn", "Bramble", "Sorrel",   "Tamarack", "Yarrow",  "Clover",   "Hazel",
    "Linden",   "Marigold", "Aspen",    "Bluebell", "Cedar",   "Dogwood",  "Elder",    "Fern",    "Gentian",  "Heather",
    "Ivy",      "Jasmine",  "Lupine",   "Mallow",   "Nettle",  "Oleander", "Primrose", "Quince",  "Rosemary", "Sage",
    "Thistle",  "Verbena",  "Willow",   "Zinnia",   "Alder",   "Birch",    "Camellia", "Dahlia",  "Fennel",   "Ginger",
    "Holly",    "Iris",     "Laurel",   "Magnolia", "Poppy",   "Snowdrop", "Teasel",   "Wisteria"};
static const char *const features[] = {"",        "Ridge",  "Creek",  "Hill",   "Point",    "Grove",  "Valley",
                                       "Park",    "Lake",   "Field",  "Bend",   "Harbor",   "Meadow", "Summit",
                                       "Corner",  "Square", "Bridge", "Mill",   "Crossing", "Hollow", "Landing",
                                       "Terrace", "Spring", "Glen",   "Heights"};
static const char *const people[] = {
    "Aaron",    "Abigail", "Adam",    "Alice",  "Amanda",  "Andrea",   "Andrew", "Angela",  "Anna",    "Anthony",
    "Barbara",  "Ben",     "Beth",    "Brian",  "Carla",   "Carlos",   "Carol",  "Charles", "Chris",   "Claire",
    "Daniel",   "David",   "Deborah", "Diana",  "Donna",   "Edward",   "Elena",  "Emily",   "Emma",    "Eric",
    "Eva",      "Frank",   "George",  "Grace",  "Hannah",  "Helen",    "Henry",  "Ian",     "Irene",   "Isabel",
    "Jack",     "James",   "Jane",    "Jason",  "Jean",    "Jennifer", "Joan",   "John",    "Jonas",   "Jose",
    "Joseph",   "Julia",   "Karen",   "Kate",   "Kevin",   "Kim",      "Laura",  "Leo",     "Linda",   "Lisa",
    "Louis",    "Lucy",    "Luis",    "Maria",  "Mark",    "Martha",   "Martin", "Mary",    "Matthew", "Maya",
    "Megan",    "Michael", "Monica",  "Nancy",  "Nathan",  "Nicole",   "Nina",   "Noah",    "Olivia",  "Oscar",
    "Patricia", "Paul",    "Peter",   "Rachel", "Rebecca", "Richard",  "Robert", "Rosa",    "Ruth",    "Ryan",
    "Samuel",   "Sandra",  "Sarah",   "Scott",  "Sofia",   "Steven",   "Susan",  "Teresa",  "Thomas",  "Tim",
    "Victor",   "Walter",  "Wendy",   "William"};
static const char *const streets[] = {
    "Alder Street",    "Mill Road",    "Station Road",    "Orchard Lane", "Church Street", "Harbor Street",
    "Lake Avenue",     "Park Avenue",  "Hill Street",     "Garden Way",   "School Street", "River Road",
    "Quarry Lane",     "Union Street", "Prospect Street", "Meadow Lane",  "Depot Street",  "Spring Street",
    "Chestnut Avenue", "Elm Court",    "Ferry Road",      "Tannery Lane", "Canal Street",  "Vine Street"};
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char *const parts[] = {"in the morning", "after lunch", "in the afternoon", "around noon",
                                    "before ten",     "after four",  "early in the day", "towards the evening"};
static const char *const moments[] = {"yesterday",    "last night",  "this morning", "over the weekend",
                                      "two days ago", "an hour ago", "today",        "the day before yesterday"};
static const char *const spans[] = {
    "since yesterday", "since last night",  "since this morning", "for two days",
    "for a week",      "since the weekend", "for a few days",     "since the day before yesterday"};
static const char *const prices[] = {"$45",  "$60",  "$80",  "$95",  "$120", "$140", "$165", "$180",
                                     "$210", "$240", "$275", "$310", "$350", "$390", "$420", "$480",
                                     "$540", "$600", "$680", "$750", "$840", "$960"};

/* The zone whose codes hold this one, which is counted through all zones; its place there. */
static size_t find_code(size_t code, size_t *place_out)
{
    size_t zone = 0;
    while (code >= strlen(zone_codes[zone]) / CODE_LETTERS) {
        code -= strlen(zone_codes[zone++]) / CODE_LETTERS;
        assert(zone < DEMO_ZONES);
    }
    *place_out = code;
    return zone;
}

static size_t count_codes(void)
{
    size_t count = 0;
    for (size_t i = 0; i < DEMO_ZONES; i++) {
        count += strlen(zone_codes[i]) / CODE_LETTERS;
    }
    return count;
}

static void write_phone(char out[DEMO_PHONE_BYTES], size_t zone, size_t place, unsigned number)
{
    snprintf(out, DEMO_PHONE_BYTES, "+1%.3s55501%02u", zone_codes[zone] + place * CODE_LETTERS,
             number % NUMBERS_OF_CODE);
}

/* Where a business is, and the last two digits of its number. */
static size_t locate(uint32_t business, size_t *place_out, unsigned *number_out)
{
    size_t codes = count_codes();
    *number_out = FIRST_NUMBER + NUMBER_STEP * (unsigned)(business / codes);
    return find_code((size_t)business * STRIDE % codes, place_out);
}

size_t demo_place_zone(uint32_t business)
{
    size_t place;
    unsigned number;
    return locate(business, &place, &number);
}

void demo_place_name(uint32_t business, const char *kind, char out[DEMO_NAME_BYTES])
{
    size_t nth = business / DEMO_TRADES; /* of its trade */
    const char *feature = features[nth / COUNT(plants) % COUNT(features)];
    snprintf(out, DEMO_NAME_BYTES, "%s%s%s %s", plants[nth % COUNT(plants)], *feature ? " " : "", feature, kind);
}

void demo_place_phone(uint32_t business, char out[DEMO_PHONE_BYTES])
{
    size_t place;
    unsigned number;
    size_t zone = locate(business, &place, &number);
    write_phone(out, zone, place, number);
}

void demo_place_forward(uint32_t business, char out[DEMO_PHONE_BYTES])
{
    size_t place;
    unsigned number;
    size_t zone = locate(business, &place, &number);
    write_phone(out, zone, place, number + FORWARD_STEP);
}

void demo_place_unmapped(char out[DEMO_PHONE_BYTES])
{
    write_phone(out, 0, 0, UNMAPPED_NUMBER);
}

void demo_place_caller(uint32_t business, uint32_t caller, char out[DEMO_PHONE_BYTES])
{
    size_t place;
    unsigned own;
    size_t zone = locate(business, &place, &own);
    size_t codes = strlen(zone_codes[zone]) / CODE_LETTERS;
    size_t nearby = codes < CODES_NEARBY ? codes : CODES_NEARBY;
    caller = caller * CALLER_STRIDE % (uint32_t)(nearby * NUMBERS_OF_CODE);
    size_t offset = caller % nearby;
    unsigned number = (unsigned)(caller / nearby);
    bool is_own = offset == 0 && number % NUMBERS_OF_CODE == own % NUMBERS_OF_CODE;
    write_phone(out, zone, (place + offset) % codes, is_own ? number + 1 : number);
}

static struct str pick(const char *const *rows, size_t count, struct demo_random *r)
{
    return str_of(rows[demo_random_below(r, (uint32_t)count)]);
}
#define PICK(rows, r) pick(rows, COUNT(rows), r)

/* Tomorrow, or one of the next working days. */
static struct str pick_day(int weekday, struct demo_random *r)
{
    if (demo_random_often(r, 250)) {
        return STR("tomorrow");
    }
    int day = (weekday + 1 + (int)demo_random_below(r, 5)) % 7;
    return str_of(weekdays[day > 4 ? day - 4 : day]);
}

struct str demo_place_day(int weekday, int days_ahead)
{
    return days_ahead == 1 ? STR("tomorrow") : str_of(weekdays[(weekday + days_ahead) % 7]);
}

void demo_place_slots(struct demo_slots *slots, int weekday, struct demo_random *r)
{
    slots->of[SLOT_DAY] = pick_day(weekday, r);
    slots->of[SLOT_PART] = PICK(parts, r);
    slots->of[SLOT_WHEN] = PICK(moments, r);
    slots->of[SLOT_SINCE] = PICK(spans, r);
    slots->of[SLOT_STREET] = PICK(streets, r);
    slots->of[SLOT_PRICE] = PICK(prices, r);
}

struct str demo_place_person(uint64_t which)
{
    struct demo_random r = demo_random_make(which, 0, 0);
    return PICK(people, &r);
}
