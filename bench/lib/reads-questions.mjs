// What is asked: a path for each kind of question and each business, made from what is in the database.
const day = 86400000;
const date = (ms) => new Date(ms).toISOString().slice(0, 10);

export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

// Words of a business's newest calls by how many of them have them; what stands before each is its key.
function wordsOf(postgres, business) {
  const rows = postgres.sql(
    `with own as (select w.words from (select id from calls where business_id = '${business}' order by listed_at desc limit 400) c
                  join private.call_words w on w.call_id = c.id),
          total as (select count(*) as n from own),
          told as (select substr(word, 10) as word from own, unnest(tsvector_to_array(words)) word)
     select word || '|' || round(count(*)::numeric / n, 4) from told, total
     where length(word) between 3 and 25 and word !~ '[0-9]'
     group by word, n order by count(*) desc`, "ringback");
  return rows.split("\n").filter(Boolean).map((row) => row.split("|")).map(([word, share]) => ({ word, share: Number(share) }));
}

function pickWords(words, random) {
  const from = (list) => list[Math.floor(random() * list.length)].word;
  const common = words.filter((w) => w.share >= 0.25);
  const rare = words.filter((w) => w.share <= 0.004);
  const middle = words.filter((w) => w.share < 0.25 && w.share > 0.004);
  if (!common.length || !rare.length || !middle.length) return null;
  return { common: from(common.slice(0, 5)), rare: from(rare), middle: from(middle) };
}

// Businesses that are asked about, each with its owner, some of its calls and words.
export function subjectsOf(postgres, people, count, seed) {
  const random = randomOf(seed);
  const chosen = [...people].map((person) => [random(), person]).sort((a, b) => a[0] - b[0]).map(([, person]) => person);
  const subjects = [];
  for (const person of chosen) {
    if (subjects.length === count) break;
    const words = pickWords(wordsOf(postgres, person.business), random);
    if (!words) continue;
    const calls = postgres.sql(
      `select id || '|' || (extract(epoch from listed_at) * 1000000)::bigint || '|' || caller_number
       from calls where business_id = '${person.business}' and caller_number like '+%' order by md5(id::text) limit 20`, "ringback");
    subjects.push({ ...person, words, calls: calls.split("\n").map((row) => row.split("|")) });
  }
  return subjects;
}

// `all`: the whole history. The others ask for the last 30 days, as the page does by default.
export function questionsOf(span) {
  const all = `from=${date(span.from - day)}&to=${date(span.to + day)}`;
  const call = (s, random) => s.calls[Math.floor(random() * s.calls.length)];
  const search = (words) => (s) => `/api/v1/calls?${all}&q=${encodeURIComponent(words(s.words))}`;
  return {
    me: () => "/api/v1/me",
    "list, first page": () => "/api/v1/calls",
    "list, a page further on": (s, random) => {
      const [id, us] = call(s, random);
      return `/api/v1/calls?${all}&cursor=${us}.${id}`;
    },
    "list of one rare outcome": () => `/api/v1/calls?${all}&outcome=cut_off`,
    "list of one caller": (s, random) => `/api/v1/calls?${all}&caller=${encodeURIComponent(call(s, random)[2])}`,
    "list by last four digits": (s, random) => `/api/v1/calls?${all}&caller=${call(s, random)[2].slice(-4)}`,
    detail: (s, random) => `/api/v1/calls/${call(s, random)[0]}`,
    "overview, 30 days": () => "/api/v1/overview",
    "search, a rare word": search((w) => w.rare),
    "search, a common word": search((w) => w.common),
    "search, a beginning": search((w) => w.middle.slice(0, 3)),
    "search, two words": search((w) => `${w.common} ${w.middle}`),
  };
}
