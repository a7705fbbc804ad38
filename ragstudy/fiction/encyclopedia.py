"""The encyclopedia domain: invented towns, people, works and events, asked about as people type into a search box."""

from ragstudy.fiction.schema import Kind, Relation, Schema
from ragstudy.fiction.values import invented, number, one_of, person, some_invented, some_of, year

_TRADES = "glass|salt|linen|clocks|cider|paper|rope|tiles|bells|lace|copper ware|saddles|pottery|honey"
_FIELDS = (
    "botany|geometry|bridge building|choral music|map making|bell founding|astronomy|law|portrait painting|"
    "shipbuilding|poetry|geology|medicine|typography"
)
_GENRES = (
    "comic opera|family saga|travel novel|string quartet|verse drama|ghost story|historical novel|song cycle|"
    "silent film|radio play|crime novel|ballet"
)
_INSTRUMENTS = "harp|oboe|two violins|bass drum|flute|cello|organ|bassoon|trumpet|lute|clarinet|small choir"

TOWN = Kind(
    noun="the town",
    name=("place", "{}"),
    relations=(
        Relation(
            "population",
            number(900, 98000, "inhabitants", step=100, short="people"),
            ("{v} live in {s}.", "At the last census {s} had {v}."),
            ("How many people live in {s}?", "population {s}"),
        ),
        Relation(
            "founding year",
            year(1088, 1899),
            ("{s} was founded in {v}.", "The oldest charter of {s} dates from {v}."),
            ("When was {s} founded?", "From which year is the oldest charter of {s}?"),
        ),
        Relation(
            "founder",
            person(),
            ("{s} was founded by {v}.", "{v} laid out the first streets of {s}."),
            ("Who founded {s}?", "Who laid out the first streets of {s}?"),
        ),
        Relation(
            "river",
            invented("thing", "the {}"),
            ("{s} lies on {v}.", "Three bridges of {s} cross {v}."),
            ("On which river does {s} lie?", "Which river do the bridges of {s} cross?"),
        ),
        Relation(
            "mayor",
            person(),
            ("{s} is governed by {v}.", "{v} was elected to lead the council of {s}."),
            ("Who governs {s}?", "Who leads the council of {s}?"),
        ),
        Relation(
            "altitude",
            number(2, 2400, "metres", step=2, short="m"),
            ("{s} lies {v} above the sea.", "The market of {s} stands at a height of {v}."),
            ("How high does {s} lie?", "How far above the sea is {s}?"),
        ),
        Relation(
            "main trade",
            one_of(_TRADES),
            ("{s} has lived on {v} for centuries.", "{s} is known for {v}."),
            ("What has {s} lived on?", "What is {s} known for?"),
        ),
        Relation(
            "twin towns",
            some_invented("place"),
            ("{s} is twinned with {v}.", "Delegations travel between {s} and {v} each spring."),
            ("With which towns is {s} twinned?", "twin towns {s}"),
            is_list=True,
            refers_to="the town",
        ),
        Relation(
            "guilds",
            some_of("the weavers|the bakers|the coopers|the tanners|the masons|the fishers|the smiths|the scribes"),
            ("{v} once had their halls in {s}.",),
            ("Who had their halls in {s}?",),
            is_list=True,
        ),
    ),
    openings=(
        "{s} is a town.",
        "{s} is a town in the lake country.",
        "The town of {s} is described in most travel books.",
        "Travellers reach {s} by the old road.",
    ),
    asides=(
        "The town hall has been rebuilt twice.",
        "A fair is held when the snow melts.",
        "Old maps spell the name in several ways.",
        "Part of the wall is still standing.",
        "Visitors usually stay for a day.",
    ),
    mentions=(
        "A stone by the northern gate gives the distance to {o}, which merchants used to reach on foot in two days.",
        "The council room holds a painting that is often taken for a view of {o}, though the hills do not fit.",
        "In the museum a whole room is given to {o}, with letters, coins and a model made of cork.",
        "A long quarrel about the fishing rights is described in the article on {o} and is not repeated here.",
        "Some guides confuse these streets with what they have read about {o}.",
        "The newspaper of the region also reports on {o} and on the villages between the two valleys.",
    ),
)

FIGURE = Kind(
    noun="the scholar",
    name=("person", "Anselm {}"),
    relations=(
        Relation(
            "birthplace",
            invented("place"),
            ("{s} was born in {v}.", "{s} came from {v}."),
            ("Where was {s} born?", "Where did {s} come from?"),
            refers_to="the town",
            described=("the birthplace of {s}", "the town where {s} was born", "the home town of {s}"),
        ),
        Relation(
            "year of birth",
            year(1402, 1951),
            ("{s} was born in {v}.", "The church books record the birth of {s} in {v}."),
            ("When was {s} born?", "In which year was {s} born?"),
        ),
        Relation(
            "field",
            one_of(_FIELDS),
            ("{s} worked in {v}.", "{s} is remembered for {v}."),
            ("In which field did {s} work?", "What is {s} remembered for?"),
        ),
        Relation(
            "teacher",
            person(),
            ("{s} studied under {v}.", "{v} taught {s}."),
            ("Under whom did {s} study?", "Who taught {s}?"),
        ),
        Relation(
            "main work",
            invented("thing", "the {} Treatise"),
            ("{s} wrote {v}.", "The fame of {s} rests on {v}."),
            ("What did {s} write?", "On which work does the fame of {s} rest?"),
        ),
        Relation(
            "academy",
            invented("place", "the {} Academy"),
            ("{s} taught at {v}.", "{v} appointed {s}."),
            ("Where did {s} teach?", "Which academy appointed {s}?"),
        ),
        Relation(
            "number of children",
            number(2, 14, "children"),
            ("{s} had {v}.", "The family of {s} counted {v}."),
            ("How many children did {s} have?", "children of {s}"),
        ),
        Relation(
            "pupils",
            some_invented("person"),
            ("{v} were among those whom {s} trained.", "{s} trained {v}."),
            ("Whom did {s} train?", "pupils of {s}"),
            is_list=True,
        ),
        Relation(
            "languages",
            some_of("Latin|Greek|Danish|Frisian|Catalan|Arabic|Welsh|Polish|Sorbian|Dutch", 2, 3),
            ("{s} wrote in {v}.",),
            ("In which languages did {s} write?",),
            is_list=True,
        ),
    ),
    openings=(
        "{s} was a scholar.",
        "{s} was one of the travelling scholars.",
        "Little was known of {s} before the letters were found.",
    ),
    asides=(
        "Several portraits have survived.",
        "The letters were printed much later.",
        "Some of the dates are disputed.",
        "A street bears the name today.",
    ),
    mentions=(
        "A letter of that year speaks of {o} and of the bad roads, but gives no reason for the journey.",
        "The same library keeps papers on {o}, which were bound into one volume by mistake.",
        "Later writers mention {o} in the same breath, without saying how the two are connected.",
        "An essay on {o} has been ascribed to the same hand; most readers doubt it.",
        "The notebooks break off with a remark about {o} and a drawing of a water wheel.",
    ),
    pronoun="the scholar",
    takes_article=False,
)

WORK = Kind(
    noun="the work",
    name=("thing", "The Book of {}"),
    relations=(
        Relation(
            "author",
            person(),
            ("{s} was written by {v}.", "{v} finished {s} in one winter."),
            ("Who wrote {s}?", "author {s}"),
        ),
        Relation(
            "genre",
            one_of(_GENRES),
            ("{s} is usually counted as a {v}.", "Its author called {s} a {v}."),
            ("What kind of work is {s}?", "As what is {s} usually counted?"),
        ),
        Relation(
            "first performance",
            year(1601, 1998),
            ("{s} was first given in {v}.", "The public first heard {s} in {v}."),
            ("When was {s} first given?", "In which year did the public first hear {s}?"),
        ),
        Relation(
            "place of the first performance",
            invented("place"),
            ("{s} was first given in {v}.", "The hall of {v} saw {s} first."),
            ("Where was {s} first given?", "Which hall saw {s} first?"),
            refers_to="the town",
            described=("the town where {s} was first given", "the town that saw {s} first"),
        ),
        Relation(
            "length",
            number(12, 240, "minutes", step=2, short="min"),
            ("{s} lasts {v}.", "A reading of {s} takes {v}."),
            ("How long does {s} last?", "How long does a reading of {s} take?"),
        ),
        Relation(
            "hero",
            person(),
            ("{s} tells of {v}.", "{v} is at the centre of {s}."),
            ("Of whom does {s} tell?", "Who is at the centre of {s}?"),
        ),
        Relation(
            "dedication",
            person(),
            ("{s} is dedicated to {v}.",),
            ("To whom is {s} dedicated?",),
        ),
        Relation(
            "instruments",
            some_of(_INSTRUMENTS),
            ("{s} asks for {v}.",),
            ("Which instruments does {s} ask for?",),
            is_list=True,
        ),
    ),
    openings=(
        "{s} is still performed.",
        "{s} was forgotten for a long time.",
        "Of all works of its time, {s} is the best known.",
    ),
    asides=(
        "The handwriting is hard to read.",
        "A second version was lost in a fire.",
        "Critics were divided at first.",
        "It is often given at weddings.",
    ),
    mentions=(
        "The preface thanks a patron and alludes to {o}, which its first readers must have understood at once.",
        "A printed copy was found together with an almanac and a pamphlet about {o}.",
        "Critics have compared it with what is told of {o}, and found little that the two have in common.",
        "A rumour that it was meant as an answer to {o} goes back to a single review.",
    ),
    takes_article=False,
)

EVENT = Kind(
    noun="the event",
    name=("place", "siege of {}"),
    relations=(
        Relation(
            "year",
            year(1112, 1790),
            ("{s} took place in {v}.", "Chronicles date {s} to {v}."),
            ("When did {s} take place?", "To which year do chronicles date {s}?"),
        ),
        Relation(
            "length",
            number(3, 90, "weeks"),
            ("{s} went on for {v}.", "It took {v} before {s} ended."),
            ("How long did {s} go on?", "After how many weeks did {s} end?"),
        ),
        Relation(
            "attacking commander",
            person(),
            ("{v} led the attackers in {s}.",),
            ("Who led the attackers in {s}?",),
        ),
        Relation(
            "defending commander",
            person(),
            ("{v} held the walls in {s}.",),
            ("Who held the walls in {s}?",),
        ),
        Relation(
            "number of attackers",
            number(300, 24000, "men", step=100, short="soldiers"),
            ("{v} took part in {s} on the side of the attackers.",),
            ("How many men attacked in {s}?",),
        ),
        Relation(
            "peace treaty",
            invented("place", "the Peace of {}"),
            ("{s} was settled by {v}.",),
            ("Which treaty settled {s}?",),
        ),
        Relation(
            "allied towns",
            some_invented("place"),
            ("{v} sent help in {s}.",),
            ("Which towns sent help in {s}?",),
            is_list=True,
            refers_to="the town",
        ),
    ),
    openings=(
        "{s} ended a long quarrel.",
        "{s} is told of in two chronicles.",
        "Songs about {s} are still sung.",
    ),
    asides=(
        "The winter was unusually hard.",
        "Both sides claimed the victory.",
        "The chronicles do not agree on every point.",
    ),
    mentions=(
        "Supplies were brought in by night on the road that leads to {o}, as a miller later testified.",
        "A ballad that is sung about it borrows its tune and two of its verses from one about {o}.",
        "The archive keeps the reports in one box with those on {o}, and some pages have been exchanged.",
        "Historians who write about {o} tend to treat it in a footnote.",
    ),
)

ENCYCLOPEDIA = Schema(
    "encyclopedia",
    "An encyclopedia of invented places, people, works and events",
    (TOWN, FIGURE, WORK, EVENT),
    share_alike=0.8,
    search_like=True,
)
