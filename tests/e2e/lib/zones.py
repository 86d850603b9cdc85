"""What Python's zoneinfo says about every zone: its offsets, and when local days begin and digests are due. TSV on stdout.

version <tab> X                       of the tables that are read
day     <tab> zone <tab> date <tab> starts <tab> ends <tab> due ...     a column for each argument:
        m420 is 7:00 of the local day after it, u60 is 1:00 UTC; all are epoch seconds
shape   <tab> zone <tab> instant      one transition of each kind: offsets before and after, and what the clock showed

Only dates near a transition, and one every 61 days between. The zones are the words of stdin.
"""
import bisect
import datetime
import sys
import zoneinfo

DAY = 86400
EPOCH = datetime.date(1970, 1, 1)


def seconds(year, month, day):
    return (datetime.date(year, month, day) - EPOCH).days * DAY


FIRST, LAST = seconds(1999, 12, 20), seconds(2038, 1, 10)


def offset(zone, at):
    return int(datetime.datetime.fromtimestamp(at, zone).utcoffset().total_seconds())


def stretches(zone):
    """[(since, offset)]: looked at every 18 hours, each change then narrowed to the second."""
    now = offset(zone, FIRST)
    found = [(FIRST, now)]
    for at in range(FIRST, LAST, DAY * 3 // 4):
        then = offset(zone, at)
        if then == now:
            continue
        low, high = at - DAY * 3 // 4, at
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == now:
                low = middle
            else:
                high = middle
        found.append((high, then))
        now = then
    return found


def first_at(found, wall):
    """The first instant at which the clock shows `wall` (seconds, as if UTC) or later."""
    n = max(bisect.bisect(found, (wall - 3 * DAY, 0)) - 1, 0)
    while True:
        since, east = found[n]
        until = found[n + 1][0] if n + 1 < len(found) else LAST + 10 * DAY
        if since + east >= wall:
            return since
        if wall < until + east:
            return wall - east
        n += 1


def due(found, day, when):
    over = first_at(found, (day + 1) * DAY)
    if when[0] == "m":
        return max(over, first_at(found, (day + 1) * DAY + int(when[1:]) * 60))
    return over + (int(when[1:]) * 60 - over) % DAY


def days_of(found):
    days = set(range(seconds(2000, 1, 1) // DAY, seconds(2037, 12, 28) // DAY, 61))
    for since, _ in found[1:]:
        days.update(range(since // DAY - 4, since // DAY + 4))
    return sorted(d for d in days if seconds(2000, 1, 1) <= d * DAY <= seconds(2037, 12, 28))


def rows_of(found):
    for day in days_of(found):
        yield (EPOCH + datetime.timedelta(days=day), first_at(found, day * DAY), first_at(found, (day + 1) * DAY),
               *(due(found, day, when) for when in sys.argv[1:]))


def table_of(name):
    for root in zoneinfo.TZPATH:
        try:
            with open(f"{root}/{name}", "rb") as table:
                return table.read()
        except OSError:
            pass
    return name


def version():
    for root in zoneinfo.TZPATH:
        try:
            with open(root + "/tzdata.zi", encoding="ascii") as rules:
                return rules.readline().split()[-1]
        except OSError:
            pass
    return "unknown"


def main():
    print("version", version(), sep="\t")
    known, shapes, seen = zoneinfo.available_timezones(), {}, {}
    for name in sys.stdin.read().split():
        if name not in known:
            continue
        table = table_of(name)  # a name that is only another one for the same table is not worked out again
        if table not in seen:
            found = stretches(zoneinfo.ZoneInfo(name))
            seen[table] = ["\t".join(map(str, row)) for row in rows_of(found)]
            for (_, before), (since, after) in zip(found, found[1:]):
                shapes.setdefault((before, after, (since + before) % DAY), (name, since))
        for row in seen[table]:
            print("day", name, row, sep="\t")
    for name, since in shapes.values():
        print("shape", name, since, sep="\t")


main()
